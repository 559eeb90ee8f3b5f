import { automationsJson } from "../../core/automation.ts"
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { LiveAutomation, LiveDeployment } from "../../core/model.ts"

/** Keys of the one action that an entry of `triggers:` can say; the others say which deployment it starts. */
const actionKeys = ["parameters", "job_variables", "schedule_after"]
const ownKeys = new Set(["type", "source", ...actionKeys])

/**
 * The automations that act on a deployment, as `triggers:` of its entry, and the names of those that do something else
 * than start it, or more, which no entry can say. Prefect numbers them after the name as it is written.
 */
export function triggersOf(
  { fields }: LiveDeployment,
  name: string,
): {
  readonly triggers: readonly JsonObject[]
  readonly strange: readonly string[]
} {
  const all = (fields.automations ?? []).toSorted(byPlace(name))
  const read = all.map((automation) => ({ automation, trigger: triggerOf(automation) }))
  const triggers = read.flatMap(({ trigger }) => (trigger ? [trigger] : []))
  return {
    triggers: triggers.map((trigger, i) => withoutStandardName(trigger, standardName(name, i))),
    strange: read.flatMap(({ automation, trigger }) => (trigger ? [] : [automation.name])),
  }
}

/** In Prefect's own words, without what it fills in. */
function triggerOf(automation: LiveAutomation): JsonObject | null {
  const [canonical] = automationsJson([automation])
  if (!automation.startsOnly || !isJsonObject(canonical) || !isJsonObject(canonical["trigger"])) return null
  const { name, description, actions, trigger } = canonical
  const action: Json = Array.isArray(actions) ? (actions[0] as Json) : null
  if (!isJsonObject(action) || Object.keys(action).some((key) => !ownKeys.has(key))) return null
  const said = actionKeys.filter((key) => key in action).map((key) => [key, action[key] as Json] as const)
  return {
    name: name ?? null,
    ...(description !== undefined && { description }),
    ...(!automation.enabled && { enabled: false }),
    ...asWritten(trigger),
    ...Object.fromEntries(said),
  }
}

/** In the order in which people tell what they wait for; others behind. */
const order = "type posture expect after match match_related for_each threshold within metric require triggers".split(
  " ",
)

/** An event trigger is what is meant without a type; a lone value to match needs no list. */
function asWritten(trigger: JsonObject): JsonObject {
  const { type, ...rest } = trigger
  const words = type === undefined || type === "event" ? rest : trigger
  const known = order.filter((word) => word in words)
  const others = Object.keys(words).filter((word) => !order.includes(word))
  return Object.fromEntries([...known, ...others].map((word) => [word, partAsWritten(word, words[word] as Json)]))
}

function partAsWritten(word: string, value: Json): Json {
  if (word === "triggers" && Array.isArray(value))
    return value.map((item: Json) => (isJsonObject(item) ? asWritten(item) : item))
  if (word === "match") return unlisted(value)
  if (word !== "match_related" || !Array.isArray(value)) return value
  return lone(value.map((item: Json) => unlisted(item)))
}

function unlisted(labels: Json): Json {
  if (!isJsonObject(labels)) return labels
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, lone(value)]))
}

function lone(value: Json): Json {
  return Array.isArray(value) && value.length === 1 ? (value[0] as Json) : value
}

function standardName(deployment: string, i: number): string {
  return `${deployment}__automation_${i + 1}`
}

function withoutStandardName({ name, ...rest }: JsonObject, standard: string): JsonObject {
  return name === undefined || name === standard ? rest : { name, ...rest }
}

/** Those that Prefect has numbered come first, in the order of their numbers, and so need no names. */
function byPlace(deployment: string): (a: LiveAutomation, b: LiveAutomation) => number {
  const place = ({ name }: LiveAutomation): number => {
    const number = name.startsWith(`${deployment}__automation_`)
      ? Number(name.slice(deployment.length + 13))
      : Number.NaN
    return Number.isNaN(number) ? Number.MAX_SAFE_INTEGER : number
  }
  return (a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1)
}
