import { createHash } from "node:crypto"
import { digestOf } from "./digest.ts"
import { isJsonObject, type Json, type JsonObject } from "./json.ts"
import type { Owner } from "./mark.ts"
import { instantMs } from "./instant.ts"
import type { Instant, Revision } from "./model.ts"
import type { Pin, Suspend } from "./outcome.ts"
import type { Ref, Source } from "./source.ts"

/**
 * What must outlive the process about a source: one Prefect variable, readable by people. A missing or corrupted record
 * never makes anything less safe, so reading it is forgiving and every field may be null.
 */
export interface SourceRecord {
  readonly source: string | null
  readonly url: string | null
  readonly ref: string | null
  /** Digest of manifests, exclude, select and scope. */
  readonly selection: string | null
  /** Digest of the Desired that was last written as a whole. */
  readonly desired: string | null
  /** Its commit; also of a newer one whose manifests stand elsewhere, so that what hides them is seen. */
  readonly revision: Revision | null
  /** Of the Lockstep whose rendering is live, as far as a person has agreed to it. */
  readonly version: string | null
  /** Id of the daemon start that wrote it last. */
  readonly instance: string | null
  readonly suspend: Suspend | null
  readonly pin: Pin | null
  /** The source left its config, or a person said that it is gone: others may take what it owns. */
  readonly released: Released | null
}

export interface Released {
  readonly by: string
  readonly since: Instant
}

export const emptyRecord: SourceRecord = {
  source: null,
  url: null,
  ref: null,
  selection: null,
  desired: null,
  revision: null,
  version: null,
  instance: null,
  suspend: null,
  pin: null,
  released: null,
}

/** Underscores only: names with `-` are refused before Prefect 3.4.1. */
export function recordName({ installation, source }: Owner): string {
  return `lockstep_${createHash("sha256").update(`${installation}/${source}`).digest("hex").slice(0, 16)}`
}

export function selectionDigest({ selection, scope }: Source): string {
  return digestOf({ ...selection, scope: { ...scope } })
}

export function refText(ref: Ref): string {
  if (ref.kind === "head") return "HEAD"
  return ref.kind === "commit" ? ref.id : `${ref.kind} ${ref.name}`
}

/** Whatever a variable holds, as a record: each part that isn't as expected counts as not there. */
export function parseRecord(value: Json | undefined): SourceRecord | null {
  if (!isJsonObject(value)) return null
  const suspend = parseSuspend(value["suspend"])
  const pinned = parseSuspend(value["pin"])
  const revision = isJsonObject(value["pin"]) ? commit(value["pin"]["revision"]) : null
  return {
    source: text(value["source"]),
    url: text(value["url"]),
    ref: text(value["ref"]),
    selection: text(value["selection"]),
    desired: text(value["desired"]),
    revision: commit(value["revision"]),
    version: text(value["version"]),
    instance: text(value["instance"]),
    suspend,
    pin: pinned && revision ? { ...pinned, revision } : null,
    released: parseReleased(value["released"]),
  }
}

export function recordJson(record: SourceRecord): JsonObject {
  return record as unknown as JsonObject
}

function parseSuspend(value: Json | undefined): Suspend | null {
  if (!isJsonObject(value)) return null
  const since = text(value["since"])
  if (since === null) return null
  return { reason: text(value["reason"]) ?? "", by: text(value["by"]) ?? "", since, until: instant(value["until"]) }
}

function parseReleased(value: Json | undefined): Released | null {
  if (!isJsonObject(value)) return null
  const since = text(value["since"])
  return since === null ? null : { by: text(value["by"]) ?? "", since }
}

/** An end that nobody can read is none: a suspension must not lapse by a slip of the pen. */
function instant(value: Json | undefined): Instant | null {
  const given = text(value)
  return given === null || Number.isNaN(instantMs(given)) ? null : given
}

function commit(value: Json | undefined): Revision | null {
  const given = text(value)
  return given !== null && /^[0-9a-f]{40}$/.test(given) ? (given as Revision) : null
}

function text(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null
}

/** A suspension or a pin as long as it lasts. */
export function activeAt<T extends Suspend>(state: T | null, now: Instant): T | null {
  return state && (state.until === null || instantMs(state.until) > instantMs(now)) ? state : null
}

/** Whether the source isn't what the record was written for; owning something without a record counts as changed. */
export function isSourceChanged(record: SourceRecord | null, source: Source, owned: number): boolean {
  if (!record?.url || !record.ref || !record.selection) return owned > 0
  return (
    record.url !== source.remote.url ||
    record.ref !== refText(source.ref) ||
    record.selection !== selectionDigest(source)
  )
}
