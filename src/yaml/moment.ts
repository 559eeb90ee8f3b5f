/** A plain scalar of this form is a date or a time to PyYAML. */
export const momentForm =
  /^\d{4}-(?:\d\d-\d\d|\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/
const datePart = String.raw`(?<year>\d{4})-(?<month>\d\d?)-(?<day>\d\d?)`
const timePart = String.raw`(?<hour>\d\d?):(?<minute>\d\d):(?<second>\d\d)(?:\.(?<fraction>\d*))?`
const zonePart = String.raw`(?:[ \t]*(?:(?<utc>Z)|(?<sign>[-+])(?<east>\d\d?)(?::(?<north>\d\d))?))?`
const moment = new RegExp(`^${datePart}(?:(?:[Tt]|[ \\t]+)${timePart}${zonePart})?$`)

type Parts = Readonly<Record<string, string | undefined>>

/** A date or time as pydantic writes it: ISO 8601, UTC as `Z`. @throws SyntaxError when there is no such moment */
export function readMoment(text: string): string {
  const parts: Parts | undefined = moment.exec(text)?.groups
  if (!parts || !isDate(Number(parts["year"]), Number(parts["month"]), Number(parts["day"])))
    throw new SyntaxError("no such day")
  const date = `${parts["year"]}-${two(parts["month"])}-${two(parts["day"])}`
  return parts["hour"] === undefined ? date : `${date}T${time(parts)}${zone(parts)}`
}

function time({ hour, minute, second, fraction = "" }: Parts): string {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) throw new SyntaxError("no such time")
  const micro = fraction.slice(0, 6).padEnd(6, "0")
  return `${two(hour)}:${minute}:${second}${Number(micro) > 0 ? `.${micro}` : ""}`
}

function zone({ utc, sign, east = "0", north = "0" }: Parts): string {
  if (utc === undefined && sign === undefined) return ""
  const minutes = Number(east) * 60 + Number(north)
  if (minutes >= 24 * 60) throw new SyntaxError("no such time zone")
  return minutes === 0 ? "Z" : `${sign}${two(String(Math.floor(minutes / 60)))}:${two(String(minutes % 60))}`
}

function isDate(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return year > 0 && day > 0 && day <= (days[month - 1] ?? 0)
}

function two(part: string | undefined): string {
  return (part ?? "").padStart(2, "0")
}
