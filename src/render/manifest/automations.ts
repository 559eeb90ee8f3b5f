import { isJsonObject, type JsonObject } from "../../core/json.ts"
import type { Automation, Value } from "../../core/model.ts"
import { readDuration } from "./duration.ts"
import { advice } from "./keys.ts"
import { laxBoolean } from "./lax.ts"
import type { EntryReader } from "./reader.ts"
import { isOpen, type Context } from "./placeholders.ts"
import { readTrigger } from "./triggers.ts"

/** Prefect has no limit; each is an automation of its own. */
const triggersMax = 1_000
const absent = { kind: "absent" } as const
/** Keys of the automation and its one action; the others are the trigger's. */
const own = new Set(["name", "description", "enabled", "parameters", "job_variables", "schedule_after"])

/**
 * `triggers:` as the automations that `prefect deploy` makes of it (`cli/deploy/_triggers.py`,
 * `events/schemas/deployment_triggers.py`): named `<deployment>__automation_<n>` unless named otherwise, each with one
 * action, which starts the deployment.
 */
export function readAutomations(entry: EntryReader, nameSuffix: string): Value<readonly Automation[]> {
  const items = entry.items("triggers")
  const deployment = entry.peek("name", "plain")
  if (items !== null && items.length > triggersMax) {
    entry.find("trigger-invalid", `an entry has at most ${triggersMax} triggers`, "triggers")
    return absent
  }
  if (items === null || typeof deployment?.value !== "string") return absent
  // As it is written, `.py` and all; only without the outputs of steps, which come too late for this.
  const base = deployment.value + nameSuffix
  if (deployment.origins.length > 0 && items.some((item) => !item.has("name")))
    entry.find("trigger-invalid", "name the trigger: Prefect would call it by the placeholder in `name`", "triggers")
  const value = items.flatMap((item, i) => readOne(item, `${base}__automation_${i + 1}`) ?? [])
  const names = value.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) entry.find("trigger-invalid", `two triggers are named "${twice}": rename one`, "triggers")
  return { kind: "declared", value }
}

function readOne(item: EntryReader, standardName: string): Automation | null {
  const actions = [readAction(item)]
  const words = item.keys().filter((key) => !own.has(key))
  const body = Object.fromEntries(words.map((key) => [key, item.resolve(key, "plain")?.value ?? null]))
  const reading = readTrigger(body)
  if ("open" in reading) return null
  if ("refusal" in reading) {
    item.find("trigger-invalid", `a trigger that Prefect refuses: ${reading.refusal}`, "")
    return null
  }
  const ignored = words.filter((key) => key !== "type" && !(key in reading.trigger))
  const known = [...own, ...Object.keys(reading.trigger)]
  for (const key of ignored)
    item.find("unknown-key", `Prefect ignores \`${key}\` in this trigger${advice(key, known)}`, key)
  return {
    name: textOf(item, "name") || standardName,
    description: descriptionOf(item),
    enabled: enabledOf(item),
    trigger: reading.trigger,
    actions,
    reactions: {},
  }
}

function descriptionOf(item: EntryReader): string {
  const description = item.text("description")
  if (description.kind === "declared" && description.value === null)
    item.find("trigger-invalid", "`description` of a trigger must be a text: leave it out for none", "description")
  return ("value" in description && description.value) || ""
}

/** Unlike an entry's own switches it is read after its placeholders are resolved. */
function enabledOf(item: EntryReader): boolean | null {
  const value = item.resolve("enabled", "plain")?.value
  const enabled = value === undefined ? null : laxBoolean(value)
  if (value !== undefined && enabled === null && !isOpen(value))
    item.find("trigger-invalid", "`enabled` of a trigger must be true or false", "enabled")
  return enabled
}

/** Placeholders such as `{{ event.name }}` in its parameters are filled in when it fires. */
function readAction(item: EntryReader): JsonObject {
  const written = item.resolve("schedule_after", "plain")?.value
  const after = written === undefined ? 0 : readDuration(written)
  if ((after === null || after < 0) && !isOpen(written))
    item.find("trigger-invalid", '`schedule_after` must be seconds, "PT1H", or "HH:MM:SS"', "schedule_after")
  return {
    type: "run-deployment",
    source: "selected",
    parameters: mappingOf(item, "parameters", "event"),
    job_variables: mappingOf(item, "job_variables", "action"),
    schedule_after: after ?? 0,
  }
}

function mappingOf(item: EntryReader, key: string, context: Context): JsonObject | null {
  const value = item.resolve(key, context)?.value ?? null
  if (value === null || isJsonObject(value)) return value
  if (isOpen(value)) return null
  item.find("wrong-type", `\`${key}\` of a trigger must be a mapping`, key)
  return null
}

function textOf(item: EntryReader, key: string): string | null {
  const value = item.text(key)
  return "value" in value ? value.value : null
}
