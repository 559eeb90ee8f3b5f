import { createHash } from "node:crypto"
import picomatch from "picomatch"
import { diffJson, type Difference } from "./difference.ts"
import { sameInstant } from "./instant.ts"
import { canonicalJson, jsonEqual, type Json, type JsonObject } from "./json.ts"
import type { Path } from "./overlay.ts"
import type { LiveSchedule, Schedule, SchedulePatch, ScheduleSpec } from "./parts.ts"

/** How the schedules of one deployment become what Git says, without losing the ids of those that stay. */
export interface SchedulePlan {
  readonly pairs: readonly { readonly desired: Schedule | null; readonly live: LiveSchedule | null }[]
  readonly name: readonly (SchedulePatch & { readonly id: string })[]
  readonly remove: readonly string[]
  readonly patch: readonly SchedulePatch[]
}

/**
 * Match by slug when Git gives one, else by canonical spec: the order of schedules means nothing to the server, and
 * slugs can't be removed there, so an unnamed schedule in Git may meet a named one.
 */
export function planSchedules(desired: readonly Schedule[], live: readonly LiveSchedule[]): SchedulePlan {
  const pairs = pairUp(desired, live)
  const removed = pairs.filter(({ desired: wanted }) => !wanted).flatMap(({ live: gone }) => (gone ? [gone] : []))
  const differing = pairs.filter(({ desired: wanted, live: now }) => wanted && !(now && scheduleMatches(wanted, now)))
  const kept = pairs.flatMap(({ desired: wanted, live: now }) => (wanted && now ? [{ wanted, now }] : []))
  const slugs = new Map<object, string>()
  const taken = new Set(pairs.flatMap(({ desired: wanted, live: now }) => wanted?.slug ?? now?.slug ?? []))
  for (const { desired: wanted, live: now } of pairs) {
    if (wanted) slugs.set(wanted, wanted.slug ?? now?.slug ?? freeSlug(wanted.spec, taken))
  }
  const slugOf = (schedule: Schedule): string => slugs.get(schedule) as string
  // A live slug differs from the one in Git only when there was none, because a slug in Git matches by slug alone.
  // Removals go by id and need no names.
  const name =
    differing.length === 0
      ? []
      : kept
          .filter(({ now }) => now.slug === null)
          .map(({ wanted, now }) => ({ id: now.id, ...patchOf(now, now, slugOf(wanted)) }))
  return {
    pairs,
    name,
    remove: removed.map(({ id }) => id),
    patch: differing.flatMap(({ desired: wanted, live: now }) =>
      wanted ? [patchOf(wanted, now, slugOf(wanted))] : [],
    ),
  }
}

/** Whether live is as Git says; what Git leaves open (anchor, active, parameters) matches anything. */
function scheduleMatches(desired: Schedule, live: LiveSchedule): boolean {
  return (
    (desired.slug === null || desired.slug === live.slug) &&
    specKey(desired.spec) === specKey(live.spec) &&
    restMatches(desired, live)
  )
}

/** What is beside slug and spec. */
function restMatches(desired: Schedule, live: LiveSchedule): boolean {
  return (
    startMatches(desired.spec, live.spec) &&
    (desired.active === null || desired.active === live.active) &&
    (desired.parameters === null || jsonEqual(desired.parameters, live.parameters))
  )
}

/** Every difference, below `[slug]`. */
export function diffSchedules(wanted: readonly Schedule[], live: readonly LiveSchedule[]): readonly Difference[] {
  const { pairs } = planSchedules(wanted, live)
  return pairs.flatMap(({ desired, live: now }): readonly Difference[] => {
    const path = `[${desired?.slug ?? now?.slug ?? "unnamed"}]`
    if (desired && now) return scheduleMatches(desired, now) ? [] : diffSchedule(desired, now, path)
    if (desired) return [{ path, desired: scheduleJson(desired) }]
    return now ? [{ path, live: scheduleJson(now) }] : []
  })
}

/** Only what Git says of a schedule can differ; what it leaves open isn't shown, nor two texts for the same times. */
function diffSchedule(desired: Schedule, live: LiveSchedule, path: string): readonly Difference[] {
  const spec = firesAlike(desired.spec, live.spec) ? live.spec : desired.spec
  const said = scheduleJson({ ...desired, spec }) as JsonObject
  const all = scheduleJson(live) as JsonObject
  const told = Object.fromEntries(Object.entries(all).filter(([name]) => name in said))
  return diffJson(said, told, path)
}

/** Schedules of which `ignore` leaves parts to people. */
export function openSchedules(schedules: readonly Schedule[], paths: readonly Path[]): readonly Schedule[] {
  return schedules.map((schedule) => openSchedule(schedule, paths))
}

/** `schedules.*.active` leaves `active` open, as if Git didn't declare it; parameters likewise. */
function openSchedule(schedule: Schedule, paths: readonly Path[]): Schedule {
  const open = (part: string): boolean =>
    paths.some(([slug, field]) => field === part && slug !== undefined && picomatch.isMatch(schedule.slug ?? "", slug))
  const any = (part: string): boolean => paths.some(([slug, field]) => slug === "*" && field === part)
  return {
    ...schedule,
    ...((open("active") || any("active")) && { active: null }),
    ...((open("parameters") || any("parameters")) && { parameters: null }),
  }
}

/** Whether both fire at the same instants; a start (anchor, DTSTART) that Git leaves open matches any. */
function firesAlike(desired: ScheduleSpec, live: ScheduleSpec): boolean {
  return specKey(desired) === specKey(live) && startMatches(desired, live)
}

/** Everything about when it fires, as one text; an interval's or a rule's start apart, because Git may leave it open. */
function specKey(spec: ScheduleSpec): string {
  switch (spec.kind) {
    case "cron":
      return canonicalJson([spec.cron.trim(), zone(spec.timezone), spec.dayOr])
    case "interval":
      return canonicalJson([Math.round(spec.seconds * 1e6), zone(spec.timezone)])
    case "rrule":
      return canonicalJson(["rrule", splitRule(spec.rrule).rule, zone(spec.timezone)])
  }
}

/** The canonical form of schedules: what digests and differences are made of. */
export function schedulesJson(schedules: readonly Schedule[]): readonly Json[] {
  return schedules
    .map((schedule) => scheduleJson(schedule))
    .toSorted((a, b) => compareText(canonicalJson(a), canonicalJson(b)))
}

/** One schedule with only what is said about it. */
export function scheduleJson({ slug, spec, active, parameters }: Schedule): Json {
  const { kind, ...rest } = spec
  const said = Object.entries({ ...rest, slug, active, parameters }).filter(([, value]) => value !== null)
  return { kind, ...(Object.fromEntries(said) as Record<string, Json>) }
}

/** A slug for a schedule that Git leaves unnamed: of its spec, so the same at every start. */
function freeSlug(spec: ScheduleSpec, taken: Set<string>): string {
  const digest = createHash("sha256").update(specKey(spec)).digest("hex")
  for (let length = 8; ; length++) {
    const slug = `${spec.kind}-${digest.slice(0, length)}`
    if (!taken.has(slug) || length >= digest.length) {
      taken.add(slug)
      return slug
    }
  }
}

function pairUp(desired: readonly Schedule[], live: readonly LiveSchedule[]): SchedulePlan["pairs"] {
  const free = new Set(live)
  const pairs = new Map<Schedule, LiveSchedule>()
  const pair = (wanted: Schedule, found: LiveSchedule | undefined): void => {
    if (!found) return
    pairs.set(wanted, found)
    free.delete(found)
  }
  const named = new Map(live.map((one) => [one.slug, one]))
  for (const wanted of desired) if (wanted.slug !== null) pair(wanted, named.get(wanted.slug))
  const alike = Map.groupBy(free, ({ spec }) => specKey(spec))
  for (const [spec, group] of Map.groupBy(desired, (wanted) => specKey(wanted.spec))) {
    const offered = (): readonly LiveSchedule[] => (alike.get(spec) ?? []).filter((one) => free.has(one))
    const unnamed = group.filter(({ slug }) => slug === null)
    for (const [wanted, found] of pairMost(unnamed, offered())) pair(wanted, found)
    // A slug that is new in Git lands on the unnamed schedule with the same spec: its id stays.
    const rest = group.filter((wanted) => !pairs.has(wanted))
    for (const wanted of rest)
      pair(
        wanted,
        offered().find(({ slug }) => wanted.slug === null || slug === null),
      )
  }
  return [
    ...desired.map((schedule) => ({ desired: schedule, live: pairs.get(schedule) ?? null })),
    ...[...free].map((gone) => ({ desired: null, live: gone })),
  ]
}

/**
 * As many pairs as can be (augmenting paths): a schedule that leaves its start open must not keep the very one that
 * another schedule asks for, or the next turn would find a difference again.
 */
function pairMost(desired: readonly Schedule[], live: readonly LiveSchedule[]): ReadonlyMap<Schedule, LiveSchedule> {
  const fitting = new Map(desired.map((wanted) => [wanted, live.filter((one) => restMatches(wanted, one))]))
  const takers = new Map<LiveSchedule, Schedule>()
  let tried = new Set<LiveSchedule>()
  const place = (wanted: Schedule): boolean => {
    const fits = fitting.get(wanted) ?? []
    const free = fits.find((one) => !takers.has(one))
    const found = free ?? fits.find((one) => !tried.has(one) && moves(one))
    if (found) takers.set(found, wanted)
    return found !== undefined
  }
  const moves = (taken: LiveSchedule): boolean => {
    tried.add(taken)
    const taker = takers.get(taken)
    return taker !== undefined && place(taker)
  }
  // What was tried in vain leads nowhere until something else has moved.
  for (const wanted of desired) if (place(wanted)) tried = new Set()
  return new Map([...takers].map(([one, wanted]) => [wanted, one]))
}

function patchOf(wanted: Schedule, now: LiveSchedule | null, slug: string): SchedulePatch {
  return {
    slug,
    spec: withStart(wanted.spec, now?.spec ?? null),
    ...(wanted.active !== null && { active: wanted.active }),
    parameters: wanted.parameters ?? now?.parameters ?? {},
  }
}

/** An undeclared start is sent as it stands: the server would move it at every write otherwise. */
function withStart(wanted: ScheduleSpec, now: ScheduleSpec | null): ScheduleSpec {
  if (wanted.kind === "interval" && wanted.anchor === null && now?.kind === "interval") {
    return { ...wanted, anchor: now.anchor }
  }
  if (wanted.kind === "rrule" && now?.kind === "rrule" && firesAlike(wanted, now)) {
    return { ...wanted, rrule: now.rrule }
  }
  return wanted
}

function startMatches(desired: ScheduleSpec, live: ScheduleSpec): boolean {
  if (desired.kind === "interval" && live.kind === "interval") {
    return desired.anchor === null || sameInstant(desired.anchor, live.anchor)
  }
  if (desired.kind !== "rrule" || live.kind !== "rrule") return true
  const { start } = splitRule(desired.rrule)
  return start === null || start === splitRule(live.rrule).start
}

/** No time zone, an empty one and UTC fire alike. */
function zone(timezone: string | null): string {
  return timezone || "UTC"
}

/** A rule and its start apart: the server puts a DTSTART without an offset before a rule that has none. */
function splitRule(text: string): { readonly start: string | null; readonly rule: string } {
  const match = /^(DTSTART:\d{8}T\d{6})\r?\n([^]*)$/.exec(text.trim())
  return match ? { start: match[1] ?? null, rule: match[2] ?? "" } : { start: null, rule: text.trim() }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
