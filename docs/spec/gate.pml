/* The gate with both its processes: one command, a twin and a gateway that crash apart from each other, a network that
   loses, delays and duplicates, a device that remembers nothing, authority that is withdrawn, and a halt at the gateway.
   M is the number of a mutation; 0 is the design. run_gate.sh says what each must come to. */
#ifndef M
#define M 0
#endif
#define NONE  0
#define ACKED 1
#define INDET 2
#define VOID  3
#define BEGUN 1
#define DONE  2

/* durable at the twin: its ledger */
bool intent = false; byte outcome = NONE; bool withdrawn = false; bool halted_on_record = false;
/* durable at the gateway: epoch, latch, journal of the one command */
byte epoch = 0; bool latched = false; byte journal = NONE;
/* what people were told */
bool receipt = false;           /* authority is withdrawn, and somebody holds the receipt */
bool pressed = false;           /* the gateway has answered that the halt is latched      */
/* the floor */
byte effects = 0;
bool twin_down = false, gateway_down = false;
byte twin_crashes = 0, gateway_crashes = 0, sends = 0;
chan permits = [2] of { byte }; /* the epoch that a permit was signed with */
chan answers = [2] of { bit };

/* The device does what it is told, each time it is told. */
inline device() {
  assert(intent);                 /* I1 intent before effect                            */
  assert(!receipt);               /* I2 nothing of before takes effect after a receipt  */
  assert(!pressed);               /* I3, I4 nothing takes effect after the latch        */
  assert(outcome != VOID);        /* I6 void is never executed                          */
  effects++;
  assert(effects <= 1)            /* I5 at most one effect                              */
}

proctype Twin() {
  byte known;
 again:
  if
  :: !twin_down && outcome == NONE && !intent && !withdrawn && !halted_on_record ->
#if M == 3
       atomic { known = epoch; if :: nfull(permits) -> permits!known :: else fi };  /* sent before it is recorded */
       atomic { !twin_down -> intent = true }
#else
       known = epoch;                            /* the gateway's word of a moment ago, already old perhaps */
       atomic { !twin_down && !withdrawn && !halted_on_record -> intent = true };   /* durable, and the claim */
       if
       :: !twin_down -> if :: nfull(permits) -> permits!known :: skip fi            /* sent, or lost */
       :: twin_down
       fi
#endif
  :: !twin_down && intent && outcome == NONE && !gateway_down ->
       if
       :: answers?_ -> atomic { if :: outcome == NONE -> outcome = ACKED :: else fi }
       :: empty(answers) ->                                  /* no answer: never sent again */
#if M == 1
            if :: sends < 2 -> sends++; if :: nfull(permits) -> permits!epoch :: else fi :: else fi
#elif M == 8
            atomic { !gateway_down && journal != BEGUN ->                          /* asked, and not fenced */
              outcome = (journal == DONE -> ACKED : VOID) }
#elif M == 9
            atomic { !gateway_down && journal != BEGUN ->                          /* asked first, fenced after */
              known = journal };
            atomic { !gateway_down -> epoch++; outcome = (known == DONE -> ACKED : VOID) }
#else
            atomic { !gateway_down -> epoch++ };                                    /* fence first */
            atomic { !gateway_down && journal != BEGUN ->                           /* ask second  */
              outcome = (journal == DONE -> ACKED : VOID) }
#endif
       fi;
       assert(outcome != VOID || effects == 0)               /* I6 what is called void was never written */
  :: outcome != NONE -> goto done
  :: !twin_down && !intent && (withdrawn || halted_on_record) -> goto done
  fi;
  goto again;
 done: skip
}

proctype Gateway() {
  byte e;
 end_idle:
  do
  :: atomic { !gateway_down && permits?[e] -> permits?e } ->
       if
#if M == 6
       :: atomic { !gateway_down && !latched && journal == NONE -> journal = BEGUN }
#elif M == 7
       :: atomic { !gateway_down && e == epoch && !latched -> journal = BEGUN }      /* no dedupe by command id */
#else
       :: atomic { !gateway_down && e == epoch && !latched && journal == NONE -> journal = BEGUN }
#endif
            ; /* durable; the live value was read again; between here and the write anything may have happened */
            if
#if M == 2
            :: atomic { !gateway_down && journal == BEGUN -> device(); journal = DONE }   /* no second look */
#elif M == 6
            :: atomic { !gateway_down && journal == BEGUN && !latched -> device(); journal = DONE }
            :: atomic { !gateway_down && journal == BEGUN && latched -> journal = VOID }
#else
            :: atomic { !gateway_down && journal == BEGUN && e == epoch && !latched -> device(); journal = DONE }
            :: atomic { !gateway_down && journal == BEGUN && (e != epoch || latched) -> journal = VOID }
#endif
            :: atomic { gateway_down }
            :: atomic { journal == VOID || (journal == DONE) }
            fi;
            if :: journal == DONE && nfull(answers) -> answers!1 :: skip fi
       :: atomic { gateway_down || e != epoch || latched || journal != NONE }        /* refused */
       fi
  od
}

/* Killed between any two of its steps; when it is back, what had begun is settled by reading the device back. */
proctype GatewayCrash() {
 end_c:
  do
  :: atomic { !gateway_down && gateway_crashes < 2 -> gateway_down = true; gateway_crashes++ };
     atomic { if :: journal == BEGUN -> journal = (effects > 0 -> DONE : VOID) :: else fi; gateway_down = false }
  od
}

proctype TwinCrash() {
 end_t:
  do
  :: atomic { !twin_down && twin_crashes < 2 -> twin_down = true; twin_crashes++ }; twin_down = false
  od
}

/* A challenge, a revocation, a change, a demotion: on record, then the epoch, then the receipt. */
proctype Withdraw() {
  withdrawn = true;
#if M == 10
  receipt = true; atomic { !gateway_down -> epoch++ }
#elif M == 4
  receipt = true
#else
  atomic { !gateway_down -> epoch++; receipt = true }
#endif
}

/* At the gateway itself, with the twin dead or alive; the twin hears of it later. */
proctype Halt() {
#if M == 5
  !twin_down; halted_on_record = true; pressed = true      /* through the twin alone */
#else
  atomic { !gateway_down -> latched = true; epoch++; pressed = true };
  halted_on_record = true
#endif
}

proctype Net() {
  byte e;
 end_n:
  do :: atomic { len(permits) == 1 && permits?[e] -> permits?<e>; permits!e } ; break od
}

init { atomic { run Twin(); run Gateway(); run GatewayCrash(); run TwinCrash(); run Withdraw(); run Halt(); run Net() } }
