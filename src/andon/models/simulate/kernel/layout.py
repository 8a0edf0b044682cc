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
HEADER = 96
"""Words 55 to 59 are free for the event list, 60 to 64 for flow, 65 to 69 control, 70 to 74 machines, 75 to 79 people,
80 to 89 vehicles."""

# --- process: a machine, a vehicle, a demand, the release desk, a calendar, a breakdown, the probe
PC, LEAF, NEXT, STATE, SINCE, JOB, JOBS, REM, REP, AGE, LIFE, LAST, CREW, PARKED, DOWN, WORKING = range(16)
START, SLICE, STATION, NUMBER, COUNT, HAS_ROOM, WAITS_AT, DRAWS, KIND, PRIORITY, PERIODS, HOME = range(16, 28)
TIMES = 32
"""One word a state: nanoseconds spent in it."""
MORE_FLOW, MORE_CONTROL, MORE_MACHINE, MORE_PEOPLE, MORE_VEHICLE = range(48, 53)
"""Addresses of records with what only some processes need; 0 where a process has none."""
PROC_WORDS = 56
MACHINE, VEHICLE, DEMAND, RELEASER, CALENDAR, BREAKDOWN, PROBE = range(7)

# --- what only some machines have, at MORE_MACHINE: who asks for it between two jobs; age (ns); counters of use
ASKED_HEAD, ASKED_TAIL, AGED, COLD = range(4)
MORE_MACHINE_WORDS = 8
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
STATES_MAX = 16
"""States 8 to 10 are for machines, 11 for people, 12 to 15 for vehicles."""
ACTIVE_STATES = (1 << SETUP) | (1 << BUSY) | (1 << FAILED)
"""States that count as active when the bottleneck is sought."""

# --- store: a buffer, or a fleet's meeting point (capacity 0)
CAPACITY, LEVEL, RESERVED, HEAD, TAIL, GET_HEAD, GET_TAIL, MARK, PUT_HEAD, PUT_TAIL, AREA, CHANGED = range(12)
PEAK, IS_FIRST, AT_STATION, MIX = 12, 13, 14, 15
STORE_WORDS = 24
"""Words 16 and 17 are for flow, 18 and 19 for control."""

# --- pool: a crew
SIZE, USED, WAIT_HEAD, WAIT_TAIL, HELD_HEAD, HELD_TAIL, USED_AREA, SIZE_AREA, POOL_CHANGED, LINES, LINE, LINES_N = (
    range(12)
)
POOL_WORDS = 16

# --- token: a job on the floor
LINK, PRODUCT, PLACE, SERIAL, ARRIVED, RELEASED, DEST, FROM = range(8)
"""PLACE: address of the step of its route that the job is at, or waits for."""
TOKEN_WORDS = 16
"""Words 8 and 9 are for control, 10 to 12 for flow, 13 for machines."""

# --- product
FIRST, ROUTE, ROUTE_N, WAITING, RING, RING_MASK, RING_DONE, RING_OUT, RING_IN = range(9)
DONE, FLOW_US, FLOW_N, LEAD_US, ORDERS_DONE, ON_TIME, SERIALS, EVERY, QUANTITY, DUE = range(9, 19)
RANK, LAST_EXIT, ORDERED, LATE_US, RELEASED_N = 19, 20, 21, 22, 23
PRODUCT_WORDS = 40
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
STEP_WORDS = 12
"""Words 6 and 7 are for flow, 8 and 9 for control. The steps of a product stand one behind the other, in the order of
their numbers."""

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
FOR_PLANNED, FOR_PLAN_PHASE, FOR_DELAY, FOR_JOB, FOR_TOOL, FOR_TOOL_CHANGE, FOR_WARMING = range(10, 17)
FOR_STOP_EVERY, FOR_STOP, FOR_LEVEL, FOR_ELAPSED, FOR_MISREAD = range(50, 55)

# --- opcodes
GET, CHANGE, ACQUIRE, WORK, WORKED, RELEASE_CREW, SERVICE, LEAVE, JUMP, LIFE_NEW, REPAIR = range(11)
MEET, FETCH, CARRY, DROP, ORDER_NEXT, ORDER_PLACE, DISPATCH, LINE_NEXT, LINE_SET = range(11, 20)
HOLD, BREAK, MEND, BIN_NEXT, BIN_NOTE, RESET, STOP = range(20, 27)
CHANGE_FROM, LIFE_AGED, SPAN, AWAIT, HALT, GO_ON, SPARE, FALLS_DUE, USE_UP = range(30, 39)
# 30 to 39 are for machines, 40 to 54 flow, 55 to 64 control, 65 to 74 people, 75 to 94 vehicles

# --- control: which job next, cards, the order book, questions to a policy
JOB_DUE, JOB_PRIORITY = 8, 9
"""Words of a job: when it is due, and its priority, 1 first."""
EXPECTED, REMAINING = 8, 9
"""Words of a route step: expected nanoseconds of work in it, and from it to the end."""
PRODUCT_PRIORITY, FLOOR_DUE = 36, 37
"""Words of a product: the priority of its jobs where their order has none; when the jobs that were on the floor at the
start are due."""
GET_BY = 55
BY_FIFO, BY_SPT, BY_EDD, BY_CR, BY_SETUP, BY_PRIORITY = range(6)
RATIO_SLACK_US_MAX = 30_000_000_000_000
"""A critical ratio is computed from at most this much slack either way, about a year, in microseconds."""

# --- faults: why a replication ended early
FAULT_NONE, FAULT_RUNAWAY, FAULT_DEADLOCK, FAULT_TOKENS, FAULT_ORDERS, FAULT_BUDGET = range(6)

# --- trace records: what, when, who, value
TRACE_WORDS = 4
TRACE_STATE, TRACE_LEVEL, TRACE_EXIT, TRACE_CREW, TRACE_START, TRACE_JOB = range(6)
SERIAL_BITS = 42
"""A job's name in a trace: its product's number, shifted by this, plus its serial number."""

# --- limits
NEVER = 1 << 62
"""A time that does not come."""
LONGEST_S, LONGEST_NS = 946_080_000.0, 946_080_000_000_000_000
"""The longest time that is drawn: thirty years."""
STEPS_AT_ONE_INSTANT_MAX = 2_000_000
"""Instructions without time moving: more is a loop that takes no time."""
STEPS_MAX = 100_000_000
"""Instructions of one replication, where nothing else is said: about ten seconds."""
