import { createHash } from "node:crypto"
import type { DeploymentKey, SourceName } from "./nouns.ts"

/**
 * Ownership is read from the resource itself, from three tags. Tags, because Prefect can filter by them and patch them;
 * labels can be set at creation only. The check binds the mark to this very owner and key: a copy made in the UI carries
 * the tags but isn't ours.
 */
export const managedTag = "managed-by=gitops"
export const ownerPrefix = "gitops="
const markPrefix = "gitops-mark="
export const prunePrefix = "gitops-prune="

export interface Owner {
  readonly installation: string
  readonly source: SourceName
}

/** What may bear a mark, with all of its tags. */
export interface Marked {
  readonly key: DeploymentKey
  readonly allTags: readonly string[]
}

export type Mark =
  | { readonly kind: "none" }
  /** Several owner or mark tags: nobody can say whose it is, so hands off. */
  | { readonly kind: "ambiguous" }
  | { readonly kind: "owned"; readonly owner: Owner; readonly letters: string }

/** `never` is the opt-out that a person sets; the others are ours, during the grace before a removal. */
export type PruneTag = "never" | "pending" | "pending-paused" | "vetoed"

export function ownerTag(owner: Owner): string {
  return `${ownerPrefix}${owner.installation}/${owner.source}`
}

/** The three tags of a resource owned by `owner`; `letters` are those of the fields that Git declares. */
export function markTags(owner: Owner, key: DeploymentKey, letters: string): readonly string[] {
  const sorted = letters.split("").toSorted().join("")
  return [managedTag, ownerTag(owner), `${markPrefix}${checkOf(owner, key)}.${sorted}`]
}

/** Tags that belong to Lockstep, never to the `tags` field: not compared, not removed by enforcement. */
export function isControlTag(tag: string): boolean {
  return tag === managedTag || [ownerPrefix, markPrefix, prunePrefix].some((prefix) => tag.startsWith(prefix))
}

/** Whose resource this is. Anything short of all three tags with the right check is nobody's. */
export function readMark(tags: readonly string[], key: DeploymentKey): Mark {
  const owners = unique(tags, ownerPrefix)
  const marks = unique(tags, markPrefix)
  if (owners.length > 1 || marks.length > 1) return { kind: "ambiguous" }
  const owner = parseOwner(owners[0])
  const mark = /^([0-9a-f]{8})\.([a-z]*)$/.exec(marks[0] ?? "")
  if (!owner || !mark || !tags.includes(managedTag) || mark[1] !== checkOf(owner, key)) return { kind: "none" }
  return { kind: "owned", owner, letters: mark[2] ?? "" }
}

/** Whether a mark, whoever's, says that Git declared the field of this letter. */
export function bearsLetter(tags: readonly string[], letter: string): boolean {
  return unique(tags, markPrefix).some((mark) => mark.slice(mark.indexOf(".")).includes(letter))
}

export function owns(owner: Owner, live: Marked): boolean {
  const mark = readMark(live.allTags, live.key)
  return mark.kind === "owned" && sameOwner(mark.owner, owner)
}

/** The prune tag, `never` first: an opt-out holds whatever else stands beside it. */
export function readPruneTag(tags: readonly string[]): PruneTag | null {
  const order: readonly PruneTag[] = ["never", "vetoed", "pending-paused", "pending"]
  return order.find((value) => tags.includes(prunePrefix + value)) ?? null
}

export function pruneTag(value: PruneTag): string {
  return prunePrefix + value
}

/** In its grace before a deletion. */
export function isRetired({ allTags }: Pick<Marked, "allTags">): boolean {
  const tag = readPruneTag(allTags)
  return tag === "pending" || tag === "pending-paused"
}

/** Whether two lists hold the same tags; their order says nothing. */
export function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag) => b.includes(tag))
}

export function sameOwner(a: Owner, b: Owner): boolean {
  return a.installation === b.installation && a.source === b.source
}

function parseOwner(text: string | undefined): Owner | null {
  const match = /^([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(text ?? "")
  return match ? { installation: match[1] as string, source: match[2] as SourceName } : null
}

/** First 8 hex digits of SHA-256 over `installation/source/flow/deployment`. */
function checkOf(owner: Owner, key: DeploymentKey): string {
  return createHash("sha256").update(`${owner.installation}/${owner.source}/${key}`).digest("hex").slice(0, 8)
}

function unique(tags: readonly string[], prefix: string): readonly string[] {
  return [...new Set(tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length)))]
}
