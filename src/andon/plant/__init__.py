"""The virtual plant: an independent reality on SimPy, for the twin to be wrong about.

It is built from the same site folder as the twin's simulator and shares no code with it. It also contains what the
twin's model leaves out, so that a forecast meets a plant and not its own reflection:

============================  ===================================================================  ============
what the twin does not model  what happens here                                                    module
============================  ===================================================================  ============
tool wear                     machines that have set-ups slow down with use, and stop for a tool    `machines`
stops for people's reasons    a worker halts a station for a minute or two now and then            `floor`
late material                 the material of some orders arrives after the order                  `orders`
slow ovens                    the chamber ramps to a new set-point, and the load cures by it        `controller`
a drifting sensor             an oven's reading wanders by tenths of a degree over hours           `controller`
people at the panel           a machine is switched to local for some minutes, now and then        `floor`
breaks taken late             people finish what they hold, and leave up to three minutes late     `hours`
traffic                       vehicles give way to each other                                      `vehicles`
true parameters               each mean differs from its assumption within its stated uncertainty  `draws`
============================  ===================================================================  ============
"""
