/** Prefect's own limit. */
const charsMax = 6500

const integers = /^[-+]?\d+(?:,[-+]?\d+)*$/
const weekday = /^(?:[-+]?\d*(?:MO|TU|WE|TH|FR|SA|SU)|(?:MO|TU|WE|TH|FR|SA|SU)\([-+]?\d+\))$/
const moment = /^\d{8}(?:T\d{6}Z?)?$/
const parts: Readonly<Record<string, RegExp>> = {
  FREQ: /^(?:YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY|SECONDLY)$/,
  INTERVAL: /^[1-9]\d*$/,
  COUNT: /^\d+$/,
  UNTIL: moment,
  WKST: /^(?:MO|TU|WE|TH|FR|SA|SU)$/,
  BYSETPOS: integers,
  BYMONTH: integers,
  BYMONTHDAY: integers,
  BYYEARDAY: integers,
  BYEASTER: integers,
  BYWEEKNO: integers,
  BYHOUR: integers,
  BYMINUTE: integers,
  BYSECOND: integers,
}

/** Why dateutil, which reads rules for Prefect, refuses a text; null = it takes it. */
export function refuseRule(text: string): string | null {
  if (text.length > charsMax) return `it is longer than ${charsMax} characters`
  const lines = text
    .toUpperCase()
    .split(/\s*\n\s*|\s+/)
    .filter((line) => line !== "")
  if (lines.length === 0) return "it is empty"
  const properties = lines.map((line) => propertyOf(line))
  const start = properties.find(({ name }) => name === "DTSTART")
  const aware = start ? start.value.endsWith("Z") || start.parameters.includes("TZID") : null
  return properties.map((property) => refuseProperty(property, aware)).find((refusal) => refusal !== null) ?? null
}

interface Property {
  readonly name: string
  readonly parameters: string
  readonly value: string
}

function propertyOf(line: string): Property {
  const colon = line.indexOf(":")
  if (colon < 0) return { name: "RRULE", parameters: "", value: line }
  const [name = "", ...parameters] = line.slice(0, colon).split(";")
  return { name, parameters: parameters.join(";"), value: line.slice(colon + 1) }
}

/** `aware`: whether DTSTART has a time zone; null when there is none. */
function refuseProperty({ name, value }: Property, aware: boolean | null): string | null {
  switch (name) {
    case "RRULE":
    case "EXRULE":
      return refuseParts(value, aware)
    case "DTSTART":
      return moment.test(value) ? null : `${value.slice(0, 40)} is no date and time such as 20240131T100000`
    case "RDATE":
    case "EXDATE": {
      const strange = value.split(",").find((date) => !moment.test(date))
      return strange === undefined ? null : `${strange.slice(0, 40)} is no date and time such as 20240131T100000Z`
    }
    default:
      return `${name.slice(0, 40)} is no property of a recurrence rule`
  }
}

function refuseParts(value: string, aware: boolean | null): string | null {
  const given = value.split(";").map((part) => part.split("=") as [string, string?])
  const refusal = given.map(([name, text = ""]) => refusePart(name, text)).find((one) => one !== null)
  if (refusal) return refusal
  const until = given.find(([name]) => name === "UNTIL")?.[1]
  if (until !== undefined && aware !== null && until.endsWith("Z") !== aware)
    return "UNTIL must be in UTC (end with Z) when DTSTART has a time zone, and only then"
  return given.some(([name]) => name === "FREQ") ? null : "it has no FREQ"
}

function refusePart(name: string, text: string): string | null {
  const days = name === "BYDAY" || name === "BYWEEKDAY"
  const sound = days ? text.split(",").every((one) => weekday.test(one)) : parts[name]?.test(text)
  if (sound === undefined) return `${name.slice(0, 40)} is no part of a recurrence rule`
  return sound ? null : `${name}=${text.slice(0, 40)} can't be read`
}
