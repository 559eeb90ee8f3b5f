import picomatch from "picomatch"
import { diffJson, type Difference } from "./difference.ts"
import { canonicalJson, isJsonObject, jsonEqual, type Json, type JsonObject } from "./json.ts"
import type { Path } from "./overlay.ts"
import { isControlTag, markTags, pruneTag, readMark, readPruneTag, sameTags, type Owner } from "./mark.ts"
import type { DeploymentKey } from "./nouns.ts"
import type { Automation, AutomationWrite, LiveAutomation } from "./parts.ts"
import type { AdoptPolicy } from "./source.ts"

/**
 * The automations that `triggers:` of an entry stands for. Each carries a mark of its own, whose check names the
 * deployment and the automation: a copy under another name isn't ours, nor is what acts on the deployment unmarked.
 */

/** One desired automation with the live one that it is, or one of ours that Git no longer has. */
interface Pair {
  readonly desired: Automation | null
  readonly live: LiveAutomation | null
}

/** Whether it bears a mark for its own name on its own deployment, whoever of ours set it. */
export function isMarked(live: LiveAutomation, name = live.name): boolean {
  return readMark(live.tags, markKey(live.key, name)).kind === "owned"
}

export function automationsEqual(desired: readonly Automation[], live: readonly LiveAutomation[]): boolean {
  return pairUp(desired, live).every((pair) => pair.desired && pair.live && isAsWanted(pair.desired, pair.live))
}

/** The canonical form of automations: what digests and differences are made of. */
export function automationsJson(automations: readonly Automation[]): readonly Json[] {
  const all = automations.map((automation) => automationJson(automation))
  return all.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1))
}

/** Every difference, below `[name]`; a live value that Git leaves open isn't one. */
export function diffAutomations(
  desired: readonly Automation[],
  live: readonly LiveAutomation[],
): readonly Difference[] {
  return pairUp(desired, live).flatMap((pair) => {
    const path = `[${pair.desired?.name ?? pair.live?.name}]`
    if (!pair.desired) return [{ path, live: automationJson(pair.live as Automation) }]
    if (!pair.live) return [{ path, desired: automationJson(pair.desired) }]
    if (isAsWanted(pair.desired, pair.live)) return []
    return diffJson(automationJson(pair.desired), automationJson(openAs(pair.desired, pair.live)), path)
  })
}

/** Automations of which `ignore` leaves parts to people: `triggers.*.enabled` the switch. */
export function openAutomations(automations: readonly Automation[], paths: readonly Path[]): readonly Automation[] {
  return automations.map((automation) => {
    const isOpen = paths.some(([name, part]) => part === "enabled" && picomatch.isMatch(automation.name, name ?? ""))
    return isOpen ? { ...automation, enabled: null } : automation
  })
}

/** What makes live as wanted and marked as `owner`'s. Empty = nothing to write. */
export function planAutomations(
  desired: readonly Automation[],
  live: readonly LiveAutomation[],
  key: DeploymentKey,
  owner: Owner,
): readonly AutomationWrite[] {
  return pairUp(desired, live).flatMap((pair): readonly AutomationWrite[] => {
    if (!pair.desired) return [{ kind: "remove", live: pair.live as LiveAutomation }]
    const mark = markTags(owner, markKey(key, pair.desired.name), "")
    if (!pair.live) return [{ kind: "make", automation: pair.desired, tags: mark }]
    const tags = [...pair.live.tags.filter((tag) => !isControlTag(tag)), ...mark]
    const same = isAsWanted(pair.desired, pair.live) && sameTags(tags, pair.live.tags)
    const automation = { ...pair.desired, enabled: enabledAfter(pair.desired, pair.live) }
    return same ? [] : [{ kind: "replace", live: pair.live, automation, tags }]
  })
}

/** Ours that still start runs: a retired deployment's must not, because a pause stops its schedules only. */
export function planRetirement(live: readonly LiveAutomation[]): readonly AutomationWrite[] {
  const running = live.filter((automation) => automation.enabled && isMarked(automation))
  return running.map((automation) => {
    const tags = [...withoutPruneTag(automation), pruneTag("pending")]
    return { kind: "replace", live: automation, automation: { ...automation, enabled: false }, tags }
  })
}

/** Whether one of ours may still be there after these writes. */
export function mayLeaveOurs(live: readonly LiveAutomation[] | null, writes: readonly AutomationWrite[]): boolean {
  if (live === null) return true
  const removed = new Set(writes.flatMap((write) => (write.kind === "remove" ? [write.live.id] : [])))
  return live.some((automation) => isMarked(automation) && !removed.has(automation.id))
}

/** Gives back what a retirement took. */
export function planReturn(live: readonly LiveAutomation[]): readonly AutomationWrite[] {
  const retired = live.filter((automation) => isMarked(automation) && isRetiredAutomation(automation))
  return retired.map((automation) => {
    const tags = withoutPruneTag(automation)
    return { kind: "replace", live: automation, automation: { ...automation, enabled: true }, tags }
  })
}

/** Named in Git, but nobody's, and not to be taken over by `adopt`: a person decides, as with a deployment. */
export function strangersToLeave(
  desired: readonly Automation[],
  live: readonly LiveAutomation[],
  adopt: AdoptPolicy,
): readonly LiveAutomation[] {
  if (adopt === "unowned") return []
  return pairUp(desired, live).flatMap(({ desired: wanted, live: one }) => {
    if (!wanted || !one || bearsMark(one)) return []
    return adopt === "never" || !isAsWanted(wanted, one) ? [one] : []
  })
}

/** Names of those that aren't ours: they would be left without the deployment that they act on. */
export function strangers(live: readonly LiveAutomation[]): readonly string[] {
  return live.filter((automation) => !isMarked(automation)).map(({ name }) => name)
}

/**
 * By name among ours; else one of ours that a person renamed; else an unmarked one of that name that does nothing but
 * start this deployment. What is left over of ours is no longer in Git, unless it is a copy of one that is.
 */
function pairUp(desired: readonly Automation[], live: readonly LiveAutomation[]): readonly Pair[] {
  const oldest = live.toSorted((a, b) => (age(a) < age(b) ? -1 : 1))
  const free = new Set(oldest)
  const pairs = new Map<Automation, LiveAutomation>()
  const take = (fits: (one: LiveAutomation, wanted: Automation) => boolean): void => {
    for (const wanted of desired) {
      const found = pairs.has(wanted) ? undefined : [...free].find((one) => fits(one, wanted))
      if (!found) continue
      pairs.set(wanted, found)
      free.delete(found)
    }
  }
  take((one, { name }) => one.name === name && isMarked(one))
  take((one, { name }) => isMarked(one, name))
  take((one, { name }) => one.name === name && !bearsMark(one) && one.startsOnly)
  const names = new Set(desired.map(({ name }) => name))
  const gone = [...free].filter((one) => isMarked(one) && !names.has(one.name))
  return [
    ...desired.map((wanted) => ({ desired: wanted, live: pairs.get(wanted) ?? null })),
    ...gone.map((one) => ({ desired: null, live: one })),
  ]
}

function age({ created, id }: LiveAutomation): string {
  return `${created} ${id}`
}

function isAsWanted(desired: Automation, live: LiveAutomation): boolean {
  return !isRetiredAutomation(live) && jsonEqual(automationJson(desired), automationJson(openAs(desired, live)))
}

/** Live with only what Git says about it, and shown as enabled where a retirement has switched it off. */
function openAs(desired: Automation, live: LiveAutomation): Automation {
  return { ...live, enabled: desired.enabled === null ? null : live.enabled }
}

function enabledAfter(desired: Automation, live: LiveAutomation): boolean {
  return desired.enabled ?? (isRetiredAutomation(live) || live.enabled)
}

function isRetiredAutomation(live: LiveAutomation): boolean {
  return readPruneTag(live.tags) === "pending"
}

function bearsMark({ tags }: LiveAutomation): boolean {
  return tags.some((tag) => isControlTag(tag))
}

function withoutPruneTag({ tags }: LiveAutomation): readonly string[] {
  return tags.filter((tag) => readPruneTag([tag]) === null)
}

function markKey(key: DeploymentKey, name: string): DeploymentKey {
  return `${key}/${name}` as DeploymentKey
}

function automationJson({ name, description, enabled, trigger, actions, reactions }: Automation): Json {
  return {
    name,
    ...(description !== "" && { description }),
    ...(enabled !== null && { enabled }),
    trigger: canonicalTrigger(trigger),
    actions: actions.map((action) => withoutBlanks(action)),
    ...(Object.keys(reactions).length > 0 && { reactions }),
  }
}

/** Values that Prefect fills in where nothing is said (`server/events/schemas/automations.py`). */
const standard: JsonObject = { posture: "Reactive", threshold: 1, within: 0 }
const sets = new Set(["after", "expect", "for_each"])

/** Without ids, without what Prefect fills in, sets sorted, and a lone value to match as a list of one. */
function canonicalTrigger(trigger: JsonObject): JsonObject {
  const kept = Object.entries(trigger).flatMap(([word, value]): readonly (readonly [string, Json])[] => {
    if (word === "id" || isBlank(value) || jsonEqual(value, standard[word] ?? null)) return []
    return [[word, canonicalPart(word, value)]]
  })
  return Object.fromEntries(kept)
}

function canonicalPart(word: string, value: Json): Json {
  if (sets.has(word) && Array.isArray(value)) return [...new Set(value.map(String))].toSorted()
  if (word === "triggers" && Array.isArray(value))
    return value.map((item: Json) => (isJsonObject(item) ? canonicalTrigger(item) : item))
  if (word === "match") return listed(value)
  if (word === "match_related") return Array.isArray(value) ? value.map((item: Json) => listed(item)) : [listed(value)]
  return value
}

function listed(labels: Json): Json {
  if (!isJsonObject(labels)) return labels
  return Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [label, Array.isArray(value) ? value : [value]]),
  )
}

/** An action's empty parameters and zero delay mean the same as none. */
function withoutBlanks(action: Json): Json {
  if (!isJsonObject(action)) return action
  return Object.fromEntries(Object.entries(action).filter(([, value]) => !isBlank(value) && value !== 0))
}

function isBlank(value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0
  return value === null || value === "" || (isJsonObject(value) && Object.keys(value).length === 0)
}
