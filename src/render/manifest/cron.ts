/**
 * Why Prefect refuses a cron text, or null when it takes it: its vendored croniter decides, which knows more than the
 * five classic fields (`@daily`, names, `L`, `5#2`, `?`, seconds, years) and wraps ranges around.
 */
export function refuseCron(text: string): string | null {
  const lower = text.toLowerCase()
  const parts = (aliases.get(lower) ?? text).split(/\s+/).filter((part) => part !== "")
  if (lower.startsWith("@") && !aliases.has(lower)) return `it is none of ${[...aliases.keys()].join(", ")}`
  if (parts.length < 5 || parts.length > fieldNames.length)
    return `it has ${parts.length} parts; it needs minute, hour, day, month and weekday`
  const wrong = parts.findIndex((part, index) => !isField(part.toLowerCase(), fieldOf(index, parts.length)))
  return wrong < 0 ? null : `"${parts[wrong]}" is no ${fieldNames[wrong]}`
}

const fieldNames = ["minute", "hour", "day", "month", "weekday", "second", "year"]

const aliases: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
  }),
)

interface Field {
  readonly least: number
  readonly most: number
  readonly names: readonly string[]
  /** The number of the first name. */
  readonly first: number
  /** A number that stands for another one. */
  readonly alias: { readonly from: number; readonly to: number } | null
  readonly day: "month" | "week" | null
}

const plain = { names: [], first: 0, alias: null, day: null } as const
const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ")
const weekdays = "sun mon tue wed thu fri sat".split(" ")

/** Sunday is 7, too, and day 0 the first one, each only with as many fields as croniter has it. */
function fieldOf(index: number, count: number): Field {
  const fields: readonly Field[] = [
    { ...plain, least: 0, most: 59 },
    { ...plain, least: 0, most: 23 },
    { ...plain, least: 1, most: 31, day: "month", alias: count === 6 ? { from: 0, to: 1 } : null },
    { ...plain, least: 1, most: 12, names: months, first: 1 },
    { ...plain, least: 0, most: 6, names: weekdays, day: "week", alias: count === 5 ? { from: 7, to: 0 } : null },
    { ...plain, least: 0, most: 59 },
    { ...plain, least: 1970, most: 2099 },
  ]
  return fields[index] as Field
}

function isField(text: string, field: Field): boolean {
  if (text === "?") return field.day !== null
  const items = text.split(",").map((item) => readItem(item, field))
  if (items.includes(null)) return false
  // Croniter can't mix the second Friday with every Monday.
  const nth = items.flatMap((item) => (item?.nth ? item.days : []))
  const others = items.flatMap((item) => (item && !item.nth ? item.days : [])).filter((day) => !nth.includes(day))
  return nth.length === 0 || others.length === 0 || new Set([...nth, ...others]).size === weekdays.length
}

interface Item {
  /** Of the week, as numbers; none for `*`. */
  readonly days: readonly number[]
  readonly nth: boolean
}

const nthDay = /^(?:([a-z]{3}-[a-z]{3}|\w+)#|l)(\d+)$/

/** null = not one. */
function readItem(text: string, field: Field): Item | null {
  const special = field.day === "week" ? nthDay.exec(text) : null
  if (!special) return readRange(text, field, false)
  const [, day, number] = special
  if (day === undefined) return readRange(number ?? "", field, true)
  return Number(number) >= 1 && Number(number) <= 5 ? readRange(day, field, true) : null
}

function readRange(text: string, field: Field, nth: boolean): Item | null {
  const { least, most } = field
  const written = text.replace(/^\*(?=\/.)/, `${least}-${most}`)
  const range = rangeOf(written) ?? rangeOf(written.replace(/^(.+)\/(.+)$/, `$1-${most}/$2`))
  const days = range ? rangeDays(range, field) : singleDays(written, field)
  return days && { days, nth }
}

function singleDays(text: string, field: Field): readonly number[] | null {
  if (text === "*" || (text === "l" && field.day === "month")) return []
  const value = numberOf(text, field)
  return value !== null && value >= field.least && value <= field.most ? [value] : null
}

/** Backwards it goes around, and from a number to itself all the way. */
function rangeDays(range: Range, field: Field): readonly number[] | null {
  const { least, most } = field
  const low = numberOf(range.low, field)
  const high = range.high === "l" && field.day === "month" ? most : numberOf(range.high, field)
  if (low === null || high === null || range.step === 0 || Math.max(low, high) > most) return null
  return low < least && low !== high ? null : spread(low, high, field)
}

function spread(low: number, high: number, { least, most }: Field): readonly number[] {
  const all = Array.from({ length: most - least + 1 }, (_, index) => least + index)
  if (low === high) return all
  return all.filter((value) => (low < high ? value >= low && value <= high : value >= low || value <= high))
}

interface Range {
  readonly low: string
  readonly high: string
  readonly step: number
}

function rangeOf(text: string): Range | null {
  const [, low, high, step = "1"] = /^([^-]+)-([^-/]+)(?:\/(\d+))?$/.exec(text) ?? []
  return low === undefined || high === undefined ? null : { low, high, step: Number(step) }
}

function numberOf(text: string, { names, first, alias }: Field): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : names.includes(text) ? names.indexOf(text) + first : null
  return value !== null && value === alias?.from ? alias.to : value
}
