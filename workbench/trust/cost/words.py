"""Costs as people say them."""

from __future__ import annotations

from workbench.trust.cost.rates import SOURCE, Electricity
from workbench.trust.cost.records import DEFAULT, NOT_COUNTED, NVML, RAPL, TDP, CostEstimate, CostMeasured, CostRecord

_LAMP_WATTS = 10
# One litre of water from 20 to 100 °C: 4,186 J per kg and kelvin, times 80.
_LITRE_WH = 4186 * 80 / 3600
NO_PRICE = "Set your price of electricity to see money."


def duration(seconds: float) -> str:
    """A time as people say it: "about 2 minutes"."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 50:
        return f"about {round(seconds / 10) * 10} seconds"
    if seconds < 90:
        return "about a minute"
    if seconds < 3600:
        return f"about {round(seconds / 60)} minutes"
    hours = seconds / 3600
    return "about an hour" if hours < 1.5 else f"about {round(hours)} hours"


def span(low: float, high: float) -> str:
    """An interval of time: "1 to 3 minutes", "40 seconds to 2 minutes"; one time where the two are as good as the same."""
    if high < 10:
        return "a few seconds"
    (first, unit), (last, last_unit) = _rounded(low), _rounded(high)
    if unit != last_unit:
        return f"{_with_unit(first, unit)} to {_with_unit(last, last_unit)}"
    return f"{first} to {_with_unit(last, unit)}" if first != last else f"about {_with_unit(last, unit)}"


def _rounded(seconds: float) -> tuple[str, str]:
    """A number for the eye, and its unit."""
    if seconds < 9.5:
        return str(max(1, round(seconds))), "second"
    if seconds < 55:
        return str(round(seconds / 5) * 5), "second"
    if seconds < 55 * 60:
        minutes = seconds / 60
        return str(max(1, round(minutes)) if minutes < 10 else round(minutes / 5) * 5), "minute"
    hours = seconds / 3600
    return (f"{round(hours * 2) / 2:g}" if hours < 5 else str(round(hours))), "hour"


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def exactly(seconds: float) -> str:
    """A measured time: "2.4 minutes"."""
    if seconds < 90:
        return f"{seconds:.0f} seconds" if seconds >= 9.5 else f"{seconds:.1f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds / 3600:.1f} hours"


def memory(size: float) -> str:
    """ "0.9 GB", "120 MB"."""
    return f"{size / 1e9:.1f} GB" if size >= 0.95e9 else f"{max(0.0, size) / 1e6:.0f} MB"


def energy(watt_hours: float) -> str:
    """ "0.42 Wh", "1.3 kWh"."""
    return f"{_digits(watt_hours / 1000)} kWh" if watt_hours >= 1000 else f"{_digits(watt_hours)} Wh"


def grams(amount: float) -> str:
    """ "0.2 g", "1.4 kg"."""
    if amount >= 1000:
        return f"{_digits(amount / 1000)} kg"
    return f"{_digits(amount)} g" if amount >= 0.001 else "less than 0.001 g"


def money(amount: float, currency: str) -> str:
    """ "0.13 EUR"; small amounts are not rounded to nothing."""
    return f"{_digits(amount) if amount < 0.1 else f'{amount:,.2f}'} {currency}".strip()


def _digits(value: float) -> str:
    """Two digits that say something, never in powers of ten."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.0f}"
    if value >= 1:
        return f"{value:.1f}"
    return f"{value:.2g}" if value >= 0.0001 else "0" if value <= 0 else "less than 0.0001"


def like(watt_hours: float) -> str:
    """A comparison from everyday life, by arithmetic: a lamp of 10 W, or water made to boil."""
    if watt_hours < _LITRE_WH:
        return f"as much as a {_LAMP_WATTS} W lamp takes in {_lamp(watt_hours / _LAMP_WATTS * 3600)}"
    return f"as much as brings {_digits(watt_hours / _LITRE_WH)} litres of water from 20 °C to the boil"


def _lamp(seconds: float) -> str:
    number, unit = _rounded(seconds)
    return _with_unit(number, unit)


def before(told: CostEstimate, prices: Electricity) -> list[str]:
    """An estimate in sentences: time and memory; energy; what the numbers rest on."""
    where = "of the graphics card's memory" if told.device == "cuda" else "of memory"
    lines = [
        f"It will take {span(told.seconds_low, told.seconds_high)} and up to {memory(told.memory_high)} {where}.",
        f"Energy: about {energy(told.watt_hours)}, {like(told.watt_hours)}; {_emitted(told.watt_hours, prices)}",
    ]
    if told.learnt_from:
        runs = "one training" if told.learnt_from == 1 else f"{told.learnt_from} trainings"
        lines.append(f"Corrected by {runs} like this on this computer.")
    elif told.measured:
        lines.append("From the model's speed on this computer; the first training makes the next estimate better.")
    else:
        lines.append("Only a rough guess: the model's speed on this computer is not measured yet.")
    return lines


def _emitted(watt_hours: float, prices: Electricity) -> str:
    paid = prices.money(watt_hours)
    cost = f", {money(paid, prices.currency)}" if paid is not None else ""
    return f"that is {grams(prices.grams(watt_hours))} of CO2{cost}."


def room(told: CostEstimate, free_bytes: int) -> str:
    """A warning when it may need more memory than is free; "" when there is enough."""
    if told.memory_high <= free_bytes or free_bytes <= 0:
        return ""
    where = "on the graphics card" if told.device == "cuda" else "on this computer"
    may = "needs" if told.memory_low > free_bytes else "may need"
    return (
        f"This {may} up to {memory(told.memory_high)} of memory, and only {memory(free_bytes)} are free {where} now."
        " Close other programs, or choose Quick or a smaller model."
    )


def so_far(spent: CostMeasured, prices: Electricity) -> str:
    """While it runs: one line."""
    size = spent.gpu_memory_bytes or spent.memory_bytes
    paid = prices.money(spent.watt_hours)
    parts = [
        exactly(spent.seconds),
        memory(size),
        energy(spent.watt_hours),
        f"{grams(prices.grams(spent.watt_hours))} CO2",
    ]
    if paid is not None:
        parts.append(money(paid, prices.currency))
    return "So far: " + " · ".join(parts)


def after(record: CostRecord) -> str:
    """What was said and what came: one sentence. "" when nothing is known."""
    took, told = record.measured, record.estimate
    if took is None:
        return ""
    device = told.device if told is not None else "cuda" if took.gpu_memory_bytes else "cpu"
    real = f"{exactly(took.seconds)} and {memory(took.memory_on(device))}"
    if told is None or not record.ended:
        return f"It took {real}."
    guess = duration(told.seconds)
    within = told.seconds_low <= took.seconds <= told.seconds_high
    verdict = "" if within else ", longer than expected" if took.seconds > told.seconds else ", less than expected"
    return f"You were told {guess} and {memory(told.memory_bytes)}; it took {real}{verdict}."


def method(took: CostMeasured) -> str:
    """How its energy was found, and what that means."""
    if took.processor_method == RAPL:
        first = "The processor's energy is measured by its own counter (RAPL): of all of it, with whatever else ran meanwhile."
    else:
        built = f"{took.processor_watts:g} W"
        power = {
            TDP: f"{took.processor} is built for {built} (its thermal design power)",
            DEFAULT: f"the power of “{took.processor or 'this processor'}” is not known, so {built} are assumed, 4 W for each thread",
        }.get(took.processor_method, f"{built} for the processor")
        first = (
            f"The processor's energy is modelled, not measured, as codecarbon does: {power}, and it counts for the share of its"
            " time that the training took."
        )
    card = {
        NVML: " The graphics card's is measured by its own counter.",
        NOT_COUNTED: " The graphics card gives no numbers, so its energy is missing.",
    }.get(took.gpu_method, "")
    return f"{first} The memory's is modelled (5 W for each module, 1.5 W on ARM).{card}"


def source(prices: Electricity) -> str:
    """Where the CO2 comes from."""
    return f"CO2: {prices.grid.in_words} ({SOURCE})."


def rows(record: CostRecord, prices: Electricity) -> list[tuple[str, str, str, str]]:
    """A table: what, expected, measured, how far off (+20 %: it took a fifth more). "" where there is nothing to say."""
    took, told = record.measured, record.estimate
    if took is None:
        return []
    device = told.device if told is not None else "cpu"
    off = record.error() or {}

    def signed(name: str) -> str:
        return f"{off[name]:+.0%}" if name in off else ""

    def range_of(text: str, low: str, high: str) -> str:
        return f"{text} ({low} to {high})" if low != high else text

    told_wh = told.watt_hours if told is not None else 0.0
    found = [
        ("Time", told and f"{exactly(told.seconds)} ({span(told.seconds_low, told.seconds_high)})", exactly(took.seconds),
         signed("seconds")),
        ("Memory of the graphics card" if device == "cuda" else "Memory",
         told and range_of(memory(told.memory_bytes), memory(told.memory_low), memory(told.memory_high)),
         memory(took.memory_on(device)), signed("memory")),
        ("Energy", told and energy(told_wh), energy(took.watt_hours), signed("energy")),
        ("CO2", told and grams(prices.grams(told_wh)), grams(prices.grams(took.watt_hours)), signed("energy")),
    ]  # fmt: skip
    paid = prices.money(took.watt_hours)
    if paid is not None:
        expected = money(prices.money(told_wh) or 0.0, prices.currency)
        found.append(("Money", told and expected, money(paid, prices.currency), signed("energy")))
    return [(name, guess or "", real, wrong) for name, guess, real, wrong in found]


def rest(took: CostMeasured) -> str:
    """What has no estimate: processor time and sessions."""
    cores = f"{exactly(took.cpu_seconds)} of processor time over all cores"
    return cores + (f", in {took.sessions} sessions." if took.sessions > 1 else ".")


def to_json(record: CostRecord, prices: Electricity) -> dict[str, object]:
    """Numbers for scripts: SI units, watt-hours, grams of CO2 equivalents."""
    took, told = record.measured, record.estimate
    found: dict[str, object] = {"ended": record.ended, "error": record.error()}
    if told is not None:
        found["estimate"] = {
            "seconds": told.seconds, "seconds_low": told.seconds_low, "seconds_high": told.seconds_high,
            "memory_bytes": told.memory_bytes, "memory_low": told.memory_low, "memory_high": told.memory_high,
            "watt_hours": told.watt_hours, "co2_grams": prices.grams(told.watt_hours),
            "money": prices.money(told.watt_hours), "device": told.device, "measured_speed": told.measured,
            "learnt_from": told.learnt_from,
        }  # fmt: skip
    if took is not None:
        found["measured"] = {
            "seconds": took.seconds, "cpu_seconds": took.cpu_seconds, "memory_bytes": took.memory_bytes,
            "gpu_memory_bytes": took.gpu_memory_bytes, "watt_hours": took.watt_hours, "processor_wh": took.processor_wh,
            "memory_wh": took.memory_wh, "gpu_wh": took.gpu_wh, "co2_grams": prices.grams(took.watt_hours),
            "money": prices.money(took.watt_hours), "processor_method": took.processor_method,
            "gpu_method": took.gpu_method, "sessions": took.sessions,
        }  # fmt: skip
    return found
