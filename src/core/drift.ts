import picomatch from "picomatch"
import { diffAutomations } from "./automation.ts"
import type { FieldDiff } from "./change.ts"
import { fieldNames, fieldOf, fieldTitle } from "./fields.ts"
import { isJsonObject, itemName, jsonEqual, type Json, type JsonObject } from "./json.ts"
import type {
  Automation,
  DeploymentFields,
  DesiredFields,
  FieldName,
  LiveAutomation,
  LiveFields,
  LiveSchedule,
  Schedule,
  Value,
  Wanted,
} from "./model.ts"
import { firesAlike, planSchedules, scheduleJson, scheduleMatches } from "./schedule.ts"
import { isSecretName } from "./secret.ts"

/**
 * The one normaliser: plan, drift detection, correction, status and metrics all ask here whether live is as Git says,
 * so they can't disagree.
 */

/**
 * The fields to enforce, with their values. `ignore` takes fields out, or parts of one: there the live value counts as
 * wanted, so that it shows no difference and survives a write of the rest.
 */
export function wantedFields(desired: DesiredFields, live: LiveFields | null, ignore: readonly string[]): Wanted {
  const wanted: Record<string, unknown> = {}
  for (const name of fieldNames) {
    const value: Value<unknown> = desired[name]
    if (value.kind !== "declared" && value.kind !== "derived") continue
    if (ignore.some((pattern) => pattern === fieldTitle(name) || pattern === name)) continue
    // What wasn't read can't be compared, so it isn't written either.
    if (name === "automations" && live?.automations === null) continue
    wanted[name] = keepIgnored(name, value.value as DeploymentFields[FieldName], live, ignore)
  }
  return wanted
}

/** Every difference between what is wanted and what is live, as deep as it goes. Empty = nothing to write. */
export function diffFields(wanted: Wanted, live: LiveFields): readonly FieldDiff[] {
  return fieldNames.flatMap((name) => {
    const value: unknown = wanted[name]
    return value === undefined ? [] : diffField(name, value as DeploymentFields[FieldName], live[name] ?? null)
  })
}

function diffField<F extends FieldName>(
  name: F,
  wanted: DeploymentFields[F],
  live: DeploymentFields[F],
): readonly FieldDiff[] {
  const { canonical, equal } = fieldOf(name)
  if (equal(wanted, live)) return []
  if (name === "schedules") return diffSchedules(wanted as readonly Schedule[], live as readonly LiveSchedule[])
  if (name === "automations") return diffTriggers(wanted as readonly Automation[], live as readonly LiveAutomation[])
  const found = diffJson(canonical(wanted), canonical(live)).map((difference) => ({ field: name, ...difference }))
  return found.length > 0 ? found : [{ field: name, path: "", desired: canonical(wanted), live: canonical(live) }]
}

type Difference = Omit<FieldDiff, "field">

function diffJson(desired: Json | undefined, live: Json | undefined, path = ""): readonly Difference[] {
  if (isJsonObject(desired) && isJsonObject(live)) {
    const names = [...new Set([...Object.keys(desired), ...Object.keys(live)])].toSorted()
    return names.flatMap((name) => diffJson(desired[name], live[name], path ? `${path}.${name}` : name))
  }
  if (Array.isArray(desired) && Array.isArray(live) && pairUp(desired, live)) {
    return desired.flatMap((item: Json, index) => diffJson(item, live[index], `${path}[${index}]`))
  }
  if (desired !== undefined && live !== undefined && jsonEqual(desired, live)) return []
  return [{ path, ...(live !== undefined && { live }), ...(desired !== undefined && { desired }) }]
}

/**
 * Lists are compared item by item only where the items at each place are the same thing: an insertion would make a
 * difference of all that follow. What stands beside a secret's name stays with it, so that whoever shows it can tell.
 */
function pairUp(desired: readonly Json[], live: readonly Json[]): boolean {
  return desired.length === live.length && desired.every((item, index) => isPair(item, live[index]))
}

function isPair(item: Json, other: Json | undefined): boolean {
  const name = itemName(item)
  return name !== null && other !== undefined && name === itemName(other) && !isSecretName(name)
}

function diffSchedules(wanted: readonly Schedule[], live: readonly LiveSchedule[]): readonly FieldDiff[] {
  const { pairs } = planSchedules(wanted, live)
  const found = pairs.flatMap(({ desired, live: now }): readonly Difference[] => {
    const path = `[${desired?.slug ?? now?.slug ?? "unnamed"}]`
    if (desired && now) return scheduleMatches(desired, now) ? [] : diffSchedule(desired, now, path)
    if (desired) return [{ path, desired: scheduleJson(desired) }]
    return now ? [{ path, live: scheduleJson(now) }] : []
  })
  return found.map((difference) => ({ field: "schedules", ...difference }))
}

function diffTriggers(wanted: readonly Automation[], live: readonly LiveAutomation[]): readonly FieldDiff[] {
  return diffAutomations(wanted, live, diffJson).map((difference) => ({ field: "automations", ...difference }))
}

/** Only what Git says of a schedule can differ; what it leaves open isn't shown, nor two texts for the same times. */
function diffSchedule(desired: Schedule, live: LiveSchedule, path: string): readonly Difference[] {
  const spec = firesAlike(desired.spec, live.spec) ? live.spec : desired.spec
  const said = scheduleJson({ ...desired, spec }) as JsonObject
  const all = scheduleJson(live) as JsonObject
  const told = Object.fromEntries(Object.entries(all).filter(([name]) => name in said))
  return diffJson(said, told, path)
}

function keepIgnored(
  name: FieldName,
  value: DeploymentFields[FieldName],
  live: LiveFields | null,
  ignore: readonly string[],
): DeploymentFields[FieldName] {
  const prefixes = [`${fieldTitle(name)}.`, `${name}.`]
  const paths = ignore.flatMap((pattern) => {
    const prefix = prefixes.find((start) => pattern.startsWith(start))
    return prefix ? [pattern.slice(prefix.length).split(".")] : []
  })
  if (paths.length === 0) return value
  if (name === "schedules") return (value as readonly Schedule[]).map((schedule) => openSchedule(schedule, paths))
  if (name === "automations") return (value as readonly Automation[]).map((one) => openAutomation(one, paths))
  const now = live ? (live[name] as Json) : undefined
  const named = name === "concurrencyOptions" ? paths.map((path) => path.map((part) => modelName(part))) : paths
  return named.reduce<Json>((kept, path) => overlay(kept, now, path), value as Json) as DeploymentFields[FieldName]
}

/** `schedules.*.active` leaves `active` open, as if Git didn't declare it; parameters likewise. */
function openSchedule(schedule: Schedule, paths: readonly (readonly string[])[]): Schedule {
  const open = (part: string): boolean =>
    paths.some(([slug, field]) => field === part && slug !== undefined && picomatch.isMatch(schedule.slug ?? "", slug))
  const any = (part: string): boolean => paths.some(([slug, field]) => slug === "*" && field === part)
  return {
    ...schedule,
    ...((open("active") || any("active")) && { active: null }),
    ...((open("parameters") || any("parameters")) && { parameters: null }),
  }
}

/** `triggers.*.enabled` leaves the switch to people. */
function openAutomation(automation: Automation, paths: readonly (readonly string[])[]): Automation {
  const isOpen = paths.some(([name, part]) => part === "enabled" && picomatch.isMatch(automation.name, name ?? ""))
  return isOpen ? { ...automation, enabled: null } : automation
}

/** A name as people and Prefect write it, as the model has it. */
function modelName(title: string): string {
  return title.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
}

/** `value` with the part at `path` taken from `live`, present or not. `*` stands for any one name. */
function overlay(value: Json, live: Json | undefined, path: readonly string[]): Json {
  const [head, ...rest] = path
  if (head === undefined) return live ?? null
  if (!isJsonObject(value)) return value
  const now = isJsonObject(live) ? live : {}
  const names = head === "*" ? [...new Set([...Object.keys(value), ...Object.keys(now)])] : [head]
  const kept: Record<string, Json> = { ...value }
  for (const name of names) {
    const part = rest.length > 0 ? deeper(kept[name], now[name], rest) : now[name]
    if (part === undefined) delete kept[name]
    else kept[name] = part
  }
  return kept
}

/** A part that only live has is made for what it keeps there, and not made for nothing. */
function deeper(value: Json | undefined, live: Json | undefined, path: readonly string[]): Json | undefined {
  if (value !== undefined) return overlay(value, live, path)
  const kept = isJsonObject(live) ? overlay({}, live, path) : {}
  return isJsonObject(kept) && Object.keys(kept).length === 0 ? undefined : kept
}
