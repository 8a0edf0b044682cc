"""What is asked of an OPC UA server and how its answers read: subscriptions, items, units, a virtual plant's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncua import Client, ua

from andon.adapters.clock import SiteTime
from andon.core.readings import Origin, Value
from andon.protocols.events import Observation
from andon.protocols.opcua import nanos_of, unit_said
from andon.site.model import Signal

QUEUE_SIZE = 32
"""Values a server keeps for one item between two publishes; it says when that was too few."""
INTERVAL_MIN_MS, INTERVAL_MAX_MS = 50.0, 1_000.0
KEEP_ALIVE_MAX_MS = 5_000.0
KEEP_ALIVES_A_LIMIT = 4
"""Keep-alives that are asked for within the tightest freshness limit."""
LIFETIME_MS = 30_000.0
BROWSE_MAX = 200
"""Paths a request; servers limit it."""
MAPPING_NODES = ("plant.epoch_site", "plant.epoch_wall", "plant.speed")


@dataclass(frozen=True, slots=True)
class Plan:
    """How one subscription is asked for, real milliseconds."""

    interval_ms: float
    keep_alive_count: int
    sampling_ms: tuple[float, ...]
    """For each signal."""

    def parameters(self) -> ua.CreateSubscriptionParameters:
        """The same for the wire."""
        lifetime = max(3 * self.keep_alive_count + 1, round(LIFETIME_MS / self.interval_ms))
        return ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=self.interval_ms,
            RequestedLifetimeCount=lifetime,
            RequestedMaxKeepAliveCount=self.keep_alive_count,
            MaxNotificationsPerPublish=10_000,
            PublishingEnabled=True,
            Priority=0,
        )


def plan_for(signals: Sequence[Signal], speed: float) -> Plan:
    """Publish as often as the shortest period, and keep alive several times within the tightest freshness limit.

    Args:
        signals: of one subscription; periods and limits are in site seconds.
        speed: site seconds a real second.
    """
    period_ms = min(s.period_s for s in signals) * 1000 / speed
    limit_ms = min(s.fresh_s for s in signals) * 1000 / speed
    interval = min(
        max(period_ms, INTERVAL_MIN_MS), INTERVAL_MAX_MS, max(limit_ms / KEEP_ALIVES_A_LIMIT, INTERVAL_MIN_MS)
    )
    keep_alive = min(limit_ms / KEEP_ALIVES_A_LIMIT, KEEP_ALIVE_MAX_MS)
    sampling = tuple(max(s.period_s * 1000 / speed, INTERVAL_MIN_MS) for s in signals)
    return Plan(interval, max(1, int(keep_alive / interval)), sampling)


async def create_items(client: Client, subscription: int, signals: Sequence[Signal], plan: Plan) -> list[ua.StatusCode]:
    """One monitored item a signal, its client handle its place in `signals`; each one's status."""
    requests = [_item(k, s, plan.sampling_ms[k]) for k, s in enumerate(signals)]
    statuses: list[ua.StatusCode | None] = [_unusable(request) for request in requests]
    await _create(client, subscription, [r for r in requests if isinstance(r, ua.MonitoredItemCreateRequest)], statuses)
    return [status or ua.StatusCode() for status in statuses]


def _unusable(request: ua.MonitoredItemCreateRequest | ua.StatusCode) -> ua.StatusCode | None:
    return request if isinstance(request, ua.StatusCode) else None


def _item(handle: int, signal: Signal, sampling_ms: float) -> ua.MonitoredItemCreateRequest | ua.StatusCode:
    try:
        node = ua.NodeId.from_string(signal.address)
    except (ua.UaError, ValueError):
        return ua.StatusCode(ua.StatusCodes.BadNodeIdInvalid)
    watched = ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value)
    wanted = ua.MonitoringParameters(
        ClientHandle=handle, SamplingInterval=sampling_ms, QueueSize=QUEUE_SIZE, DiscardOldest=True
    )
    if signal.type == "float":
        # Fresh timestamps under an unchanged value are how a frozen sensor shows.
        wanted.Filter = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=watched, MonitoringMode=ua.MonitoringMode.Reporting, RequestedParameters=wanted
    )


async def _create(
    client: Client,
    subscription: int,
    requests: Sequence[ua.MonitoredItemCreateRequest],
    statuses: list[ua.StatusCode | None],
) -> None:
    """Create items, in halves where a server limits how many a request may hold."""
    if not requests:
        return
    parameters = ua.CreateMonitoredItemsParameters(
        SubscriptionId=subscription, TimestampsToReturn=ua.TimestampsToReturn.Both, ItemsToCreate=list(requests)
    )
    try:
        results = await client.uaclient.create_monitored_items(parameters)
    except (ua.uaerrors.BadTooManyOperations, ua.uaerrors.BadRequestTooLarge, ua.uaerrors.BadResponseTooLarge):
        if len(requests) == 1:
            raise
        half = len(requests) // 2
        await _create(client, subscription, requests[:half], statuses)
        await _create(client, subscription, requests[half:], statuses)
        return
    for request, result in zip(requests, results, strict=True):
        statuses[request.RequestedParameters.ClientHandle] = result.StatusCode


def observation(signal: Signal, value: ua.DataValue, at: int, origin: Origin, unit: str | None) -> Observation:
    """A data value of one signal as it came, stamped with its arrival; judged elsewhere."""
    return Observation(
        source=signal.source,
        address=signal.address,
        value=_plain(value.Value),
        source_time=nanos_of(value.SourceTimestamp),
        server_time=nanos_of(value.ServerTimestamp),
        received_time=at,
        status=0 if value.StatusCode is None else value.StatusCode.value,
        unit=unit,
        origin=origin,
    )


def _plain(variant: ua.Variant | None) -> Value | None:
    """The Python value inside; text out of its localised wrapping; anything else as it is, for sync to refuse."""
    if variant is None:
        return None
    value: Value | None = variant.Value  # arrays and structures too: sync sets them aside as the wrong type
    if isinstance(value, ua.LocalizedText):
        return str(value.Text)
    return value


async def read_mapping(client: Client) -> SiteTime | None:
    """The mapping of time that a virtual plant publishes; None where there is none."""
    wanted = [ua.ReadValueId(NodeId=ua.NodeId(name, 2), AttributeId=ua.AttributeIds.Value) for name in MAPPING_NODES]
    found = await client.uaclient.read(
        ua.ReadParameters(TimestampsToReturn=ua.TimestampsToReturn.Neither, NodesToRead=wanted)
    )
    values = [_plain(d.Value) if d.StatusCode is None or d.StatusCode.is_good() else None for d in found]
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        return None
    site, wall, speed = (v for v in values if isinstance(v, int | float))
    return SiteTime(int(site), int(wall), float(speed))


async def read_units(client: Client, signals: Sequence[Signal]) -> dict[str, str]:
    """Signal id to UCUM code, for those whose node has an `EngineeringUnits` property that we know."""
    known: dict[str, str] = {}
    numeric = [s for s in signals if s.type in {"float", "int"}]
    for start in range(0, len(numeric), BROWSE_MAX):
        known |= await _units(client, numeric[start : start + BROWSE_MAX])
    return known


async def _units(client: Client, signals: Sequence[Signal]) -> dict[str, str]:
    """The same for few enough signals. A server that refuses to be asked simply states no units."""
    element = ua.RelativePathElement(
        ReferenceTypeId=ua.NodeId(ua.ObjectIds.HasProperty),
        IsInverse=False,
        IncludeSubtypes=True,
        TargetName=ua.QualifiedName("EngineeringUnits", 0),
    )
    asked, paths = [], []
    for signal in signals:
        try:
            node = ua.NodeId.from_string(signal.address)
        except (ua.UaError, ValueError):
            continue
        asked.append(signal)
        paths.append(ua.BrowsePath(StartingNode=node, RelativePath=ua.RelativePath(Elements=[element])))
    if not paths:
        return {}
    try:
        found = await client.uaclient.translate_browsepaths_to_nodeids(paths)
        having = [(s, r.Targets[0].TargetId) for s, r in zip(asked, found, strict=True) if r.Targets]
        wanted = [ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value) for _, node in having]
        values = await client.uaclient.read(ua.ReadParameters(NodesToRead=wanted)) if wanted else []
    except ua.UaStatusCodeError:
        return {}
    units = {}
    for (signal, _), value in zip(having, values, strict=True):
        said = value.Value.Value if value.Value is not None else None
        if isinstance(said, ua.EUInformation):
            unit = unit_said(said.UnitId, said.NamespaceUri or "", said.DisplayName.Text or "")
            if unit is not None:
                units[signal.id] = unit
    return units
