import type { CallArgument } from "./values.ts"

/** The fields of a date, datetime or time in the order of its arguments, with their least and greatest value. */
const units = {
  date: ["year", "month", "day"],
  datetime: ["year", "month", "day", "hour", "minute", "second", "microsecond"],
  time: ["hour", "minute", "second", "microsecond"],
} as const
const greatest: Readonly<Record<string, number>> = {
  year: 9999,
  month: 12,
  day: 31,
  hour: 23,
  minute: 59,
  second: 59,
  microsecond: 999_999,
}

/** `date(2024, 1, 2)` and its like in ISO 8601 as pydantic writes it; null where the arguments aren't plain. */
export function encodeDate(kind: keyof typeof units, args: readonly CallArgument[]): string | null {
  const zone = zoneOf(args)
  if (zone === null || (zone !== "" && kind !== "datetime")) return null
  const plain = numbersOf(
    units[kind],
    args.filter((argument) => argument.name !== "tzinfo"),
  )
  const fields = plain === null ? null : new Map(plain)
  if (fields === null || ![...fields].every(inRange)) return null
  if (kind === "time") return clockOf(fields)
  const day = dayOf(fields)
  return day === null || kind === "date" ? day : `${day}T${clockOf(fields)}${zone}`
}

/** What the argument `tzinfo` adds: only UTC is followed. */
function zoneOf(args: readonly CallArgument[]): "" | "Z" | null {
  const zone = args.find((argument) => argument.name === "tzinfo")?.value
  if (zone === undefined) return ""
  return zone.kind === "outside" && utcPaths.has(zone.path) ? "Z" : null
}

function inRange([name, value]: readonly [string, number]): boolean {
  const least = ["year", "month", "day"].includes(name) ? 1 : 0
  return Number.isInteger(value) && value >= least && value <= (greatest[name] ?? 0)
}

function dayOf(fields: ReadonlyMap<string, number>): string | null {
  const [year, month, day] = [fields.get("year"), fields.get("month"), fields.get("day")]
  if (year === undefined || month === undefined || day === undefined || day > daysIn(year, month)) return null
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`
}

/** `timedelta(...)` as ISO 8601 duration; only whole units, because floats are rounded in Python's own way. */
export function encodeDuration(args: readonly CallArgument[]): string | null {
  const fields = numbersOf(durationUnits, args)
  if (fields === null) return null
  let seconds = 0
  for (const [name, value] of fields) {
    const unit = secondsPer[name]
    if (unit === undefined || !Number.isInteger(value)) return null
    seconds += value * unit
  }
  if (seconds < 0 || seconds > durationSecondsMax) return null
  return writeDuration(seconds)
}

const utcPaths = new Set(["datetime.timezone.utc", "datetime.UTC"])
const durationUnits = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"] as const
const secondsPer: Readonly<Record<string, number>> = {
  days: 86_400,
  seconds: 1,
  minutes: 60,
  hours: 3600,
  weeks: 604_800,
}
/** From a year on pydantic also writes years. */
const durationSecondsMax = 364 * 86_400

function numbersOf(names: readonly string[], args: readonly CallArgument[]): [string, number][] | null {
  const fields: [string, number][] = []
  for (const [index, argument] of args.entries()) {
    const name = argument.name ?? names[index]
    const { value } = argument
    if (name === undefined || !names.includes(name)) return null
    if (value.kind !== "int" && value.kind !== "float") return null
    fields.push([name, Number(value.value)])
  }
  return fields
}

function clockOf(fields: ReadonlyMap<string, number>): string {
  const [hour, minute, second] = ["hour", "minute", "second"].map((name) => pad(fields.get(name), 2))
  const micro = fields.get("microsecond") ?? 0
  return `${hour}:${minute}:${second}${micro === 0 ? "" : `.${pad(micro, 6)}`}`
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

function pad(value: number | undefined, length: number): string {
  return String(value ?? 0).padStart(length, "0")
}

function writeDuration(seconds: number): string {
  if (seconds === 0) return "PT0S"
  const days = Math.floor(seconds / 86_400)
  const parts: [number, string][] = [
    [Math.floor((seconds % 86_400) / 3600), "H"],
    [Math.floor((seconds % 3600) / 60), "M"],
    [seconds % 60, "S"],
  ]
  const time = parts.map(([count, unit]) => (count === 0 ? "" : `${count}${unit}`)).join("")
  return `P${days === 0 ? "" : `${days}D`}${time === "" ? "" : `T${time}`}`
}
