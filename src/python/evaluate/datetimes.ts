import type { CallArgument } from "../names/python-value.ts"

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
  if (zone === null || (zone !== "" && kind === "date")) return null
  const plain = numbersOf(
    units[kind],
    args.filter((argument) => argument.name !== "tzinfo"),
  )
  const fields = plain === null ? null : new Map(plain)
  if (fields === null || ![...fields].every(inRange)) return null
  if (kind === "time") return `${clockOf(fields)}${zone}`
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

/** `timedelta(...)` as ISO 8601 duration; null where rounding to microseconds isn't sure. */
export function encodeDuration(args: readonly CallArgument[]): string | null {
  const fields = numbersOf(durationUnits, args)
  if (fields === null) return null
  let exact = 0
  for (const [name, value] of fields) exact += value * (microsecondsPer[name] ?? Number.NaN)
  const total = Math.round(exact)
  const sure = Number.isSafeInteger(total) && Math.abs(exact - total) < roundingMax
  return sure ? writeDuration(total) : null
}

const utcPaths = new Set(["datetime.timezone.utc", "datetime.UTC"])
const durationUnits = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"] as const
const microsecondsPer: Readonly<Record<string, number>> = {
  microseconds: 1,
  milliseconds: 1_000,
  seconds: 1e6,
  minutes: 60e6,
  hours: 3_600e6,
  days: 86_400e6,
  weeks: 604_800e6,
}
/** How far a sum may be from whole microseconds and still be rounded alike. */
const roundingMax = 0.01
const daysPerYear = 365

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

/** As pydantic writes it: a year is 365 days, and a fraction of a second has no zeros at its end. */
function writeDuration(total: number): string {
  if (total === 0) return "PT0S"
  const size = Math.abs(total)
  const days = Math.floor(size / 86_400e6)
  const micros = size % 1e6
  const seconds = Math.floor(size / 1e6) % 60
  const fraction = micros === 0 ? "" : `.${pad(micros, 6).replace(/0+$/u, "")}`
  const date = [amount(Math.floor(days / daysPerYear), "Y"), amount(days % daysPerYear, "D")].join("")
  const time = [
    amount(Math.floor(size / 3_600e6) % 24, "H"),
    amount(Math.floor(size / 60e6) % 60, "M"),
    seconds === 0 && fraction === "" ? "" : `${seconds}${fraction}S`,
  ].join("")
  return `${total < 0 ? "-" : ""}P${date}${time === "" ? "" : `T${time}`}`
}

function amount(count: number, unit: string): string {
  return count === 0 ? "" : `${count}${unit}`
}
