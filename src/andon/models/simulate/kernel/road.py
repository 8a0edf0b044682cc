"""Where the words of vehicles and their roads stand: header, network, segments, arcs, fleets, vehicles; their opcodes.

A segment is what holds one vehicle at a time: a node, a lane of an edge, or a block of several of them. An arc is a
direction of an edge. Nodes, arcs, segments, targets (nodes that somebody drives to) and sets of closures are numbered
from 0.
"""

from __future__ import annotations

# --- header
ROADS, FLEETS, FLEETS_N = 80, 81, 82
"""Address of the network's record, 0 where vehicles drive in straight lines; the fleets' records."""
NET = 96
"""Where that record stands, if there is one: to find it costs nothing."""

# --- words of every process: 53 to 55
CALLED_AT, RECOVERIES = 53, 54
"""When a machine called for a vehicle; how often a vehicle was recovered with an empty battery."""

# --- words of a fleet's meeting point, which is a store: 20 to 23
FLEET_AT, CHOICE = 20, 21
"""The fleet's record; where several fleets serve, a table that says which."""

# --- the network
NODES_N, ARCS, SEGMENTS, SEGMENTS_N, VEHICLES, VEHICLES_N = range(6)
PROTECTED, GAVE_WAY = 8, 9
ROWS, STOPS, NODES, CHARGERS, LINES, LINE, LINES_N, AGAIN, SHARED, SHARED_N = range(10, 20)
"""PROTECTED: a vehicle that was in a standstill, until it has reached its goal. AGAIN: those that wait should try once
more. ROWS: by node, where its row begins in the tables of ways. STOPS: pick-up and set-down node by station.
CHARGERS: by node, 0 none, 1 free, 2 booked; SHARED: those that are nobody's place. LINES: when which set of closures
begins."""
RECORDS, HOME_WORDS, STUCK, PLAN, PLAN_N, SPARE, WAITERS, TAKEN, NEXT_HOME, LAST_HOME, LEFT_THERE, ELSEWISE = range(
    20, 32
)
"""RECORDS: address of the first vehicle's record. PLAN: who drives how many arcs home, in order; SPARE: room for the
next one. STUCK: who did not get home when that was last played, a bit each; WAITERS: who waits. TAKEN: HOME_WORDS
words, a bit for each place that a vehicle keeps; LEFT_THERE: room for as many. NEXT_HOME, LAST_HOME: the first and the
last vehicle's record in the order in which they can go home. ELSEWISE: for whom
somebody may wait, a bit each, for another reason than that they are in his next segment."""
FIRST_WAITING, LAST_WAITING, NEVER_CROSS = 35, 36, 37
"""Of those that wait: the vehicles' records, in the order in which they came; the network's own where nobody waits.
NEVER_CROSS: whether ways home lead all from place to place as in a tree, so that wherever vehicles stand they can go
home one by one, the foremost first."""
NETWORK_WORDS = 40

# --- a node; a place is a segment that a node belongs to: vehicles stand in places
NODE_AT, NODE_WORD, NODE_MASK = range(3)
"""NODE_AT: address of its segment; NODE_WORD, NODE_MASK: where the bit of its place stands, BITS a word."""
NODE_WORDS = 4
BITS = 62

# --- a segment
OWNER, WAITED_US, PASSED, PLAYER, SOUGHT = range(5)
"""PLAYER: who is there while the drive home is played. SOUGHT: the record of the vehicle that waits until it is free,
SEVERAL where more than one may."""
SEVERAL = 1
SEGMENT_WORDS = 8
# --- an arc
ARC_TO, ARC_LANE, ARC_MM, ARC_STREET, ARC_PLACE = range(5)
"""ARC_STREET: whether others may come towards one: one lane, both ways. ARC_LANE, ARC_PLACE: addresses of its segment,
and of that of the node it leads to."""
ARC_WORDS = 8

# --- a fleet
BY_ROAD, EMPTY_WAYS, LOADED_WAYS, BY_IDLE, BY_NEAREST_CALL, STORE = range(6)
"""BY_ROAD 0: its ways are straight, in tables [from, to] of nanoseconds, [stations and home, stations] when empty."""
NEXT_ARC, WAY_NS, ARC_NS, OPEN_NEXT, OPEN_WAY, TABLE_WORDS = range(6, 12)
FULL_MJ, BELOW_MJ, ABOVE_MJ, IDLE_MW, CHARGE_MW, EMPTY_UJ_PER_M, LOADED_UJ_PER_M, CALLS_N, CALLS_US = range(12, 21)
EMPTY_MS, LOADED_MS, MATCHER = 21, 22, 23
RESERVE_MJ, RECOVERED_MJ, TOWED, WAY_MM = 24, 25, 26, 27
"""NEXT_ARC: address of [target, node] the arc to take, -1 none, as closed now; OPEN_NEXT: with all open. WAY_NS: the
same for nanoseconds of way. ARC_NS: empty and loaded by arc. FULL_MJ 0: no batteries. Calls answered, their waiting.
EMPTY_MS, LOADED_MS: milliseconds driven on straight ways. MATCHER: the process that asks which vehicle answers which
call, 0: nobody is asked. RESERVE_MJ: what a trip must leave, -1: nobody looks ahead. RECOVERED_MJ: in a battery after
a recovery; TOWED: which brings the vehicle home. WAY_MM: as OPEN_WAY, millimetres."""
FLEET_WORDS = 28

# --- a vehicle on roads
AT_NODE, GOAL, PARKING, ON_ARC, CAME_FROM, FLEET, WAITING, SEEN_AT, DEPENDS, GIVES_WAY, SINCE, KEEPS, BIT = range(13)
LOADED, FREE, WAIT_FROM, LEFT, BROKEN, LOW, BOOKED, LEVEL_MJ, LEVEL_AT, EMPTY_MM, LOADED_MM, LOWS = range(13, 25)
FLATS, UNPAID_MM = 25, 26
"""ON_ARC: number + 1; CAME_FROM: the node behind. DEPENDS: whom it waits for, a bit each. GIVES_WAY: it drives to its
parking place first. LEFT: of the arc, after a repair. BOOKED: the charger's node + 1. LOWS: times that its battery fell
below what it may work with; FLATS: times that it was used up. BROKEN: 1 failed, 2 battery empty. UNPAID_MM: of the arc,
millimetres whose charge is not booked yet. LOW: 1 until it is charged above the upper threshold, 2 until it is full."""
HOME_WAYS, AFTER_ME, BEFORE_ME, HOME_WAY, KEEPS_WORD, KEEPS_MASK, WANTS_LANE, WANTS_PLACE = range(27, 35)
WAITS_NEXT, WAITS_LAST, PLAYED, INDEX, ME = range(35, 40)
"""KEEPS: address of the segment of AT_NODE; KEEPS_WORD, KEEPS_MASK: its bit. HOME_WAYS: address of [node, HOME_WORDS]:
a bit for each place on the way from there to the parking place, but not its own; HOME_WAY: its row for AT_NODE.
AFTER_ME, BEFORE_ME: whose turn it is to go home next, and before (records; the network's own at both ends, so these two
stand where NEXT_HOME and LAST_HOME do). WANTS_LANE, WANTS_PLACE: which segments it waits for because others are there.
WAITS_NEXT, WAITS_LAST: who waits after it and before it, as with these.
PLAYED: where it is while the drive home is played; INDEX: its number; ME: its process."""
VEHICLE_WORDS = 40
VEHICLES_MAX = 60
"""Of a network: each has a bit of a word."""
CLOCK = 1 << 61
"""In DEPENDS: waits for a closure to end."""

# --- states
CARRYING, LOADING, IN_TRAFFIC, CHARGING = 12, 13, 14, 15
FLAT = 10
"""Its battery is empty; of a machine, this number is another state."""

# --- opcodes
SEEK, DRIVE, LOAD, LOADED_UP, HANDLE, UNLOAD, CHARGE, SHUT_NEXT, SHUT, RECOVERY, RECOVERED = range(75, 86)
ENLIST, CLAIM, GO_ON_HANDLING = 86, 87, 88

FAULT_STANDSTILL = 50
TRACE_DRIVES, TRACE_ARRIVES, TRACE_TOWED = 50, 51, 52
"""Trace records of a vehicle: the arc that it drives in on, the node that it has come to, or was towed to."""
FOR_RECOVERY = 40
"""Purpose of a draw."""
FAR = 1 << 60
"""No way."""
