"""Where everything stands in the machine's memory: records, their words, and the opcodes.

The machine has one memory, `m` (int64), one table of reals, `f` (float64), and one program, `code` (int64[4 n]).
A process, a store, a job are records in `m`; a link is the address of a record, and 0 is "none", since address 0
belongs to the header. A replication is a copy of the same initial image that is let run.
"""

from __future__ import annotations

from typing import Any, Protocol


class Words(Protocol):
    """The memory as the kernel's functions see it: whole numbers by address."""

    def __getitem__(self, address: int, /) -> int: ...
    def __setitem__(self, address: int, value: Any, /) -> None: ...


class Reals(Protocol):
    """The real numbers by address."""

    def __getitem__(self, address: int, /) -> float: ...
    def __setitem__(self, address: int, value: float, /) -> None: ...


class Program(Protocol):
    """The program: an instruction at place `pc` is the four words from `4 * pc`: operation, operands."""

    def __getitem__(self, address: int, /) -> int: ...


# --- header: fixed addresses
NOW, TREE, NOW_US, READY_FROM, READY_N, END, FAULT, FAULT_AT = range(1, 9)
DESK, DESK_WAITS, WIP, WIP_LIMIT, KEY, STEPS, STEPS_HERE, EVENTS = 9, 10, 11, 12, 13, 14, 15, 16
PRODUCTS, PRODUCTS_N, STORES, STORES_N, PROCS, PROCS_N, POOLS, POOLS_N = 17, 18, 19, 20, 21, 22, 23, 24
READY, READY_MASK, TOKENS_NEXT, TOKENS_FREE, TOKENS_END = 27, 28, 29, 30, 31
SERIES, BIN_NS, BIN, BINS, OPEN, OPEN_N, MIXES, TRAVEL, STATIONS_N, CURVES_N = 32, 33, 34, 35, 36, 37, 38, 39, 40, 41
TRACE, TRACE_N, TRACE_END, CYCLIC, CURVES, FIFO, EMPTY, WIP_AREA, WIP_SINCE = 42, 43, 44, 45, 46, 47, 48, 49, 50
INITIAL, INITIAL_N, STEPS_LIMIT, ROAD_MIX = 51, 52, 53, 54
MISREAD, OUTAGE = 70, 71
PEOPLE, PEOPLE_N, ASKED_N, TEAMS_WAIT, BOOKS = 75, 76, 77, 78, 79
ASSEMBLES = 60
"""Whether anything is assembled."""
HEADER = 136
"""Words 55 to 59 are free for the event list, 60 to 64 for flow, 65 to 69 control, 70 to 74 machines, 75 to 79 people,
80 to 89 vehicles, 96 to 135 their roads."""

# --- process: a machine, a vehicle, a demand, the release desk, a calendar, a breakdown, the probe
PC, LEAF, NEXT, STATE, SINCE, JOB, JOBS, REM, REP, AGE, LIFE, LAST, CREW, PARKED, DOWN, WORKING = range(16)
START, SLICE, STATION, NUMBER, COUNT, HAS_ROOM, WAITS_AT, DRAWS, KIND, PRIORITY, PERIODS, HOME = range(16, 28)
HELPS_ITSELF, CARDS_HELD = 28, 29
"""Whether it is woken to take jobs itself instead of being handed one; cards of its stage that its jobs hold."""
TIMES = 32
"""One word a state: nanoseconds spent in it."""
MORE_FLOW, MORE_CONTROL, MORE_MACHINE, MORE_PEOPLE, MORE_VEHICLE = range(48, 53)
"""Addresses of records with what only some processes need; 0 where a process has none."""
PROC_WORDS = 56
MACHINE, VEHICLE, DEMAND, RELEASER, CALENDAR, BREAKDOWN, PROBE = range(7)
CONVEYOR = 20

# --- what only some machines have, at MORE_MACHINE: who asks for it between two jobs; age (ns); counters of use
ASKED_HEAD, ASKED_TAIL, AGED, COLD, WARM_AFTER, OFF_AFTER, PACE, PACE_HOURS, PACE_MADE, PACE_WEAR = range(10)
"""COLD: when it last processed. OFF_AFTER, WARM_AFTER: nanoseconds, 0 for never. PACE: reals that its times go by;
PACE_HOURS, PACE_MADE: tables of its station; PACE_WEAR: place of its tool's counter."""
DAMAGE, WAITED, KEPT, KEPT_N, FAILS_BY = range(10, 15)
"""DAMAGE: table of the share of its jobs that come damaged; WAITED: nanoseconds of patience that are over before it
waits; KEPT: jobs that are aside while others leave; FAILS_BY: the process that lets it fail by the calendar, or 0."""
MORE_MACHINE_WORDS = 16
# --- reals of a pace: factor of the speed, how much a worn tool slows, Wright's exponent, floor, units made before, how
# much a worn tool fails; then the correlation of each product's times
PACE_SPEED, PACE_SLOWS, PACE_LEARNS, PACE_FLOOR, PACE_UNITS, PACE_FAILS, PACE_WORDS = range(7)
# --- hours: how many parts, which one it is, where their factors stand; then when each begins
HOURS_N, HOURS_HERE, HOURS_FACTORS, HOURS_WORDS = range(4)
LONG_AGO = -(1 << 60)
USE_SO_FAR, USE_LIMIT, USE_LAW, USE_COUNT = range(4)
"""A counter of use, nanoseconds of processing; UNSEEN before the first look; USE_COUNT: its place, how many before."""
USE_WORDS, USE_PLACE = 4, 20
# --- a plan: nanoseconds from one to the next, or a list of times
PLAN_EVERY, PLAN_LAST, PLAN_TIMES, PLAN_N, PLAN_NEXT = range(5)
# --- errors of what is read: laws, states misread by the million, then where an idle machine begins
ERROR_LEVELS, ERROR_ELAPSED, ERROR_STATE, ERROR_WORDS = range(4)
SERIAL_UNSEEN = (1 << 40) + (1 << 38)
"""Serial numbers of jobs that are there although nobody saw them."""
# --- weights of the causes for which a machine stands, counted in DOWN
DOWN_FAILED, DOWN_PLANNED, DOWN_STOPPED, DOWN_LATER = 1, 1 << 8, 1 << 16, 1 << 32
DOWN_NOW = DOWN_LATER - 1
PARKED_AT_WORK, PARKED_EMPTY = 1, 2

STARVED, SETUP, BUSY, BLOCKED, FAILED, NO_CREW, MOVING, OFF = range(8)
PLANNED, WARMING, STOPPED = 8, 9, 10
WALKING = 11
STATES_MAX = 16
"""States 8 to 10 are for machines, 11 for people, 12 to 15 for vehicles."""
ACTIVE_STATES = (1 << SETUP) | (1 << BUSY) | (1 << FAILED)
"""States that count as active when the bottleneck is sought."""

# --- store: a buffer, or a fleet's meeting point (capacity 0)
CAPACITY, LEVEL, RESERVED, HEAD, TAIL, GET_HEAD, GET_TAIL, MARK, PUT_HEAD, PUT_TAIL, AREA, CHANGED = range(12)
PEAK, IS_FIRST, AT_STATION, MIX = 12, 13, 14, 15
GROUPS, RULE = 16, 17
"""GROUPS: address of a list (how many, then the addresses) of the groups of alternatives that the store is one of;
RULE: who goes first. A group is a record like a store's, in whose PUT list those wait who may go to any member."""
STORE_WORDS = 24
CARDS = 18
"""Cards of the stage; 0: it has none. Word 19 is for control."""
FIRST_IN, LAST_IN, ON_SHELF, TIMED, HANDED, RANKED = range(6)
"""Rules: first come first served; the last one first; a shelf, where finished components wait to be built in (its MIX
is the address of the component's product); first come first served, and the time of coming is noted; no places: a job
is handed to a machine that waits, and CAPACITY says how many do; the lowest priority number first, of equals who came
first."""
SERVES_RANKED = 22
"""Whether those who wait at a shelf are served by the priority of the jobs that they hold."""
IS_ENTRY, IN_GROUP = 1, 2
"""Bits of IS_FIRST: jobs enter the floor here; the store is a member of groups."""

# --- pool: a crew
SIZE, USED, WAIT_HEAD, WAIT_TAIL, HELD_HEAD, HELD_TAIL, USED_AREA, SIZE_AREA, POOL_CHANGED, LINES, LINE, LINES_N = (
    range(12)
)
HOLDERS, HOLDERS_N, IS_ASK = 12, 13, 14
"""HOLDERS: addresses of the processes that may hold somebody of the crew; IS_ASK: not a pool but an ask, see below."""
POOL_WORDS = 16

# --- people who are told apart: who is asked for, by whom; who they are; what is booked of their crew
A_NEED, A_PEOPLE, A_STATE, A_LIFT = range(4)
"""An ask, a record of POOL_WORDS words: whom it needs, how many, what waits meanwhile, lifting index in thousandths."""
N_BENCHES, N_BENCHES_N, N_PEOPLE = 6, 7, 8
NEED_WORDS = 12
"""A need: a skill and a number of people. Its lists of waiting and of interrupted processes stand as in a pool."""
FREE_HEAD, FREE_TAIL, FREE_N, THERE_N, RANK_OF, SERVES, SERVES_N, TIRED = range(8)
BENCH_WORDS = 8
"""A bench: the people of a crew who may do the same; TIRED: the bench of those who may lift no more that shift."""
T_HOLD, T_SEQ, T_ASK, T_X, T_Y, T_PLACE = range(6)
TASK_WORDS = 6
"""What a process knows of the people that it holds: the first of them, its place in line, its ask, where it stands."""
P_PROC, P_STATE, P_NEXT, P_SINCE, P_BOOK, P_BENCH, P_AT, P_TASK, P_MATE, P_X, P_Y, P_WAY, P_MM, P_RUN, P_IDLE = range(
    15
)
P_LOAD, P_DUE, P_LATEST, P_BACK, P_LINE, P_LINE_END, P_NUMBER, P_PLACE = range(15, 23)
PERSON_WORDS = 24
"""A person, who is nobody in particular: a member of a crew. Nothing of this is kept after a replication."""
GONE, FREE, ON_TASK, ON_BREAK, AT_REST = range(5)
"""What a person does; the crew's book has its time by these numbers, and walking where it would have GONE."""
COME, GO, PAUSE = range(1, 4)
"""What a person's line says: (when, which of them, a number) each."""
RETURNS = 1 << 40
"""Added to the name of a shift: who comes was there before in it, and was away."""
B_WALKED, B_WAITED, B_WORKED, B_BREAK, B_REST, B_PLANNED, B_MM, B_RUN_MAX, B_LIFTED, B_HEAVY, B_LIFTED_MAX = range(11)
B_ABSENT, B_EXPECTED = 11, 12
BOOKED = 13
"""So many words of a crew's book are counts, in microseconds where they are times; what follows says what it is."""
B_POOL, B_NS_PER_MM, B_LATE, B_RUN_LIMIT, B_PAUSE, B_LIFT_LIMIT, B_X, B_Y, B_CREW, B_ABSENCE = range(16, 26)
B_WAYS, B_PLACE = 26, 27
"""B_WAYS: the ways along roads in millimetres, from each place to each, after their number; 0: straight lines."""
BOOK_WORDS = 28
NOWHERE = -(1 << 40)
"""A place that is not known: the way from there takes no time."""

# --- token: a job on the floor
LINK, PRODUCT, PLACE, SERIAL, ARRIVED, RELEASED, DEST, FROM = range(8)
"""PLACE: address of the step of its route that the job is at, or waits for."""
SENT_BACK, ENTERED = 10, 11
"""SENT_BACK: how often by each limited outcome of its route, four bits each; ENTERED: when it came into its buffer."""
TOKEN_WORDS = 16
"""Words 8 and 9 are for control."""
CARRIED = 12
"""The first of the other jobs that a job carries with it in its lot, linked to one another; 0: none."""
DAMAGED = 13
"""1: it came damaged to where it is."""
PASS = 1 << 41
"""What a job's serial number grows by when it is sent back: its draws are new then; `SERIAL_MASK` keeps the rest."""
SERIAL_MASK = PASS - 1

# --- product
FIRST, ROUTE, ROUTE_N, WAITING, RING, RING_MASK, RING_DONE, RING_OUT, RING_IN = range(9)
DONE, FLOW_US, FLOW_N, LEAD_US, ORDERS_DONE, ON_TIME, SERIALS, EVERY, QUANTITY, DUE = range(9, 19)
RANK, LAST_EXIT, ORDERED, LATE_US, RELEASED_N = 19, 20, 21, 22, 23
PRODUCT_WORDS = 44
SCRAPPED, REWORKED, REPLACES, ENTRY, IS_PART = 33, 34, 35, 38, 39
"""REPLACES: whether what is scrapped is made again; ENTRY: step-like record before the first step, where that is
chosen; IS_PART: 1 for a component, whose jobs do not count under the release limit: it moves along with them."""
OVERDUE = 32
"""Open orders whose due time had passed at the end."""
# an order in a product's ring
ORDER_OUT, ORDER_LEFT, ORDER_AT, ORDER_DUE = range(4)
FINISH, FINISH_MAX = 24, 8
"""Words of a product that hold when its first eight orders were complete; 0 when they were not."""
ORDER_WORDS = 4

# --- route step
AT_STORE, TIME, CURVE, STEP_STATION, NEXT_STEP, STEP_NUMBER = range(6)
"""NEXT_STEP: address of the step that follows, 0 at the end; STEP_NUMBER: its number in its product, for draws."""
MIX_BITS = 16
"""What an unknown job may be is written as its product's number, shifted by this, plus a step's."""
FORK, DEED, IF_DAMAGED = 6, 7, 11
"""FORK: address of what decides where a job goes from here (`flow.py`), 0 where NEXT_STEP says it; DEED: address of
what the step takes in or gives out beside the job itself; IF_DAMAGED: address of the fork of jobs that come damaged."""
STEP_WORDS = 12
"""Words 8 and 9 are for control. The steps of a product stand one behind the other, in the order of their numbers;
behind them stand ways out: copies of a step, each with another NEXT_STEP or FORK. A job whose way is decided is put at
such a copy."""

# --- fork: how it is decided, how many ways, purpose of the draw, group to wait in; then the ways
BY_CHANCE, BY_ORDER, BY_FREE, BY_QUEUE = range(4)
FORK_KIND, FORK_N, FORK_PURPOSE, FORK_GROUP, WAYS = range(5)
# a way: cumulative chance in parts of CERTAIN, the copy of the step to be put at, what is done, counter, how often
WAY_UP_TO, WAY_OUT, WAY_DOES, WAY_COUNTER, WAY_MOST = range(5)
WAY_WORDS = 5
LET_GO, SEND_BACK, SCRAP = range(3)
GOES_ON = 10
"""What a way does that leads nowhere: the job stays where it is."""
# a deed: kinds taken, kinds given; then (shelf, how many) by kind taken, (way out, product, how many) by kind given
TAKES_N, GIVES_N, DEEDS = range(3)
# how a load is gathered: at least so many jobs, alike, after at most so long (-1: as long as it takes)
LEAST, ALIKE, LONGEST = range(3)
"""ALIKE: the word of a job, its product or its place, that all jobs of a load have in common; 0: none."""
# a conveyor: way and least distance as times, when the last job came on and went off, whether it stops as a whole, its
# places, since when it stands
TRANSIT, HEADWAY, LAST_ON, LAST_OFF, STOPS_WHOLE, PLACES, STANDS_SINCE = range(7)
CERTAIN = 1_000_000_000

# --- real numbers: number of assumptions, their factors, then distributions of eight words
KIND_D, P0, P1, P2, P3, MEAN, SCALE, FACTOR = range(8)
DIST_WORDS = 8
FACTORS_N, FACTORS = 0, 2
"""Addresses in `f`: number of assumptions; then (relative standard deviation of the mean, factor) for each."""
CONSTANT, UNIFORM, TRIANGULAR, NORMAL, LOGNORMAL, GAMMA, WEIBULL, EXPONENTIAL, EMPIRICAL = range(9)

GAMMA_Z_LOW, GAMMA_Z_STEP, GAMMA_NODES = -7.0, 0.25, 62
"""The gamma law is read from a table over normal scores: cubic between nodes, relative error below 1e-6
(2e-5 for a shape of 0.2)."""

RENEWALS_MAX = 10_000
"""Draws that a residual time of unknown age may take."""
UNSEEN = -1
"""Age of work that goes on, but nobody saw begin."""

# --- purposes of draws: the third part of a draw's key
# 10 to 19 are for machines, 20 to 29 flow, 30 to 34 control, 35 to 39 people, 40 to 49 vehicles, 50 to 59 disturbances
FOR_TIME, FOR_SETUP, FOR_CARRY, FOR_DEMAND, FOR_FAILURE, FOR_REPAIR, FOR_MIX, FOR_FACTOR, FOR_PHASE = range(1, 10)
FOR_OUTCOME, FOR_WAY, FOR_ROUTE, FOR_SHARE = range(20, 24)
FOR_ABSENCE, FOR_ABSENT = 35, 36
FOR_PLANNED, FOR_PLAN_PHASE, FOR_DELAY, FOR_JOB, FOR_TOOL, FOR_TOOL_CHANGE, FOR_WARMING = range(10, 17)
FOR_STOP_EVERY, FOR_STOP, FOR_LEVEL, FOR_ELAPSED, FOR_MISREAD = range(50, 55)
FOR_DAMAGED, FOR_HANDLING, FOR_VERDICT = range(55, 58)

# --- opcodes
GET, CHANGE, ACQUIRE, WORK, WORKED, RELEASE_CREW, SERVICE, LEAVE, JUMP, LIFE_NEW, REPAIR = range(11)
MEET, FETCH, CARRY, DROP, ORDER_NEXT, ORDER_PLACE, DISPATCH, LINE_NEXT, LINE_SET = range(11, 20)
HOLD, BREAK, MEND, BIN_NEXT, BIN_NOTE, RESET, STOP = range(20, 27)
CHANGE_FROM, LIFE_AGED, SPAN, AWAIT, HALT, GO_ON, SPARE, FALLS_DUE, USE_UP, ASIDE = range(30, 40)
ASIDE_SERVICE, ASIDE_WARM, ASIDE_COOL, ASIDE_HERE, ASIDE_OUT, ASIDE_BACK = range(6)
ASIDE_LOOK, ASIDE_VERDICT, ASIDE_REJOIN, ASIDE_WEIGH, ASIDE_TOOL, ASIDE_RENEW = range(6, 12)
"""What ASIDE does, by its first operand: what few machines need."""
SEND, KIT, PART, GATHER, BELT, ORDER_DRAWN = 40, 41, 42, 43, 44, 45
ACQUIRE_PEOPLE, PERSON_TURN = 65, 66
GET_HANDED, LOT_FORM, LOT_SPLIT = 46, 47, 48
# 49 to 54 are for flow, 55 to 64 control, 67 to 74 people, 75 to 94 vehicles

# --- control: which job next, cards, the order book, questions to a policy
BOOK, BOOK_N, BOOK_HERE, FINISHES, ANSWER = range(65, 70)
"""Words of the header: the order book, how many orders it has, how many have come, when each was complete; a policy's
answer: 0 for none, else 1 and the place of a job in the queue."""
JOB_DUE, JOB_PRIORITY, JOB_ORDER, JOB_INDEX = 8, 9, 14, 15
"""Words of a job: when it is due, its priority, 1 first, the order of the book that it is made for, 0 for none, and
its number in that order, from 0."""
EXPECTED, REMAINING = 8, 9
"""Words of a route step: expected nanoseconds of work in it, and from it to the end."""
PRODUCT_PRIORITY, FLOOR_DUE, BOOK_HEAD, ON_FLOOR, FLOOR_LIMIT, BOOK_FLOOR = 36, 37, 40, 41, 42, 43
"""Words of a product: the priority of its jobs where their order has none; when the jobs that were on the floor at the
start are due; its first order of the book with jobs to release; jobs on the floor, and how many there may be; the order
of the book that the next of those jobs to finish belongs to."""
BOOK_PRODUCT, BOOK_QUANTITY, BOOK_OUT, BOOK_LEFT, BOOK_AT, BOOK_DUE, BOOK_PRIORITY, BOOK_LINK, BOOK_NUMBER = range(9)
"""Words of an order of the book: jobs in all, to release, to complete; when it came; the next in its product's list."""
BOOK_BEFORE, BOOK_AFTER, BOOK_HERE_N = 9, 10, 11
"""The order of its product before and after it; its jobs that were on the floor at the start and still are."""
BOOK_ORDER_WORDS = 12
GET_BY, DISPATCH_ALL, BOOK_NEXT, BOOK_PLACE, TIMES_NEXT, CARDS_BACK, GET_ASK, MATCH_ASK, GET_PLAN = range(55, 64)
MATCHED_MAX = 8
"""Calls, and free vehicles, that a decision about vehicles shows at most."""
BY_FIFO, BY_SPT, BY_EDD, BY_CR, BY_SETUP, BY_PRIORITY = range(6)
RATIO_SLACK_US_MAX = 30_000_000_000_000
"""A critical ratio is computed from at most this much slack either way, about a year, in microseconds."""

# --- faults: why a replication ended early
FAULT_NONE, FAULT_RUNAWAY, FAULT_DEADLOCK, FAULT_TOKENS, FAULT_ORDERS, FAULT_BUDGET = range(6)
FAULT_PARTS = 20
PLAN_HERE, PLAN_ENTRIES, PLAN_LIST = range(3)
"""What a machine with a schedule has at MORE_CONTROL: the next entry's number, how many there are, where they stand."""
PLAN_RECORD_WORDS = 3
PLAN_ORDER, PLAN_INDEX, PLAN_STEP, PLAN_STARTED, PLAN_NOT_BEFORE = range(5)
PLAN_WORDS = 5
"""An entry: order, job, step, where its start is noted, when it may begin at the earliest."""
FAULT_PLAN = 41
FAULT_ASKS = 40
"""It has not ended: the process at FAULT_AT waits for an ANSWER."""

# --- trace records: what, when, who, value
TRACE_WORDS = 4
TRACE_STATE, TRACE_LEVEL, TRACE_EXIT, TRACE_CREW, TRACE_START, TRACE_JOB = range(6)
SERIAL_BITS = 42
"""A job's name in a trace: its product's number, shifted by this, plus its serial number."""
TRACE_SCRAP = 20
TRACE_PERSON = 10

# --- limits
NEVER = 1 << 62
"""A time that does not come."""
LONGEST_S, LONGEST_NS = 946_080_000.0, 946_080_000_000_000_000
"""The longest time that is drawn: thirty years."""
STEPS_AT_ONE_INSTANT_MAX = 2_000_000
"""Instructions without time moving: more is a loop that takes no time."""
STEPS_MAX = 100_000_000
"""Instructions of one replication, where nothing else is said: about ten seconds."""
