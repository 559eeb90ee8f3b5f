import type { Revision } from "../core/model.ts"
import { nearest } from "../core/nearest.ts"
import type { Ref, Remote } from "../core/source.ts"
import { GitError } from "../lib/errors.ts"
import type { RefTip } from "./discover.ts"

export interface Resolution {
  readonly revision: Revision
  /** Full name of the ref that it came from; null for a commit id. */
  readonly refName: string | null
  /** Its short name when it is a branch. */
  readonly branch: string | null
}

/** A ref that a server has to be asked for. */
export type MovingRef = Exclude<Ref, { readonly kind: "commit" }>

const heads = "refs/heads/"

/** What to ask for: always HEAD too, so that an existing repository never answers with an empty list. */
export function prefixesOf(ref: MovingRef): readonly string[] {
  return ref.kind === "head" ? ["HEAD"] : ["HEAD", fullName(ref)]
}

/**
 * The commit that a ref stands at. `ref-not-found` is said only when the server listed something: a list of nothing may
 * be an empty repository or a server in trouble, and proves no absence.
 */
export function pickRef(
  { url }: Remote,
  ref: MovingRef,
  tips: ReadonlyMap<string, RefTip>,
  others: ReadonlyMap<string, RefTip> = new Map(),
): Resolution {
  const name = fullName(ref)
  const tip = tips.get(name)
  if (!tip && tips.size === 0) {
    const message = `${url} lists neither HEAD nor ${name}: is the repository empty?`
    throw new GitError(message, { kind: "stalled", code: "git-no-refs" })
  }
  if (!tip) {
    const message = `${url} has no ${name}: was it deleted or renamed? ${listed(ref, others)}`.trim()
    throw new GitError(message, { kind: "stalled", code: "ref-not-found" })
  }
  const refName = ref.kind === "head" ? (tip.target ?? name) : name
  const branch = refName.startsWith(heads) ? refName.slice(heads.length) : null
  return { revision: (tip.peeled ?? tip.oid) as Revision, refName, branch }
}

/** A list that is whole, without the ref that was asked for. */
export function isMissing(ref: MovingRef, tips: ReadonlyMap<string, RefTip>): boolean {
  return tips.size > 0 && !tips.has(fullName(ref))
}

/** The prefix that all refs of the same kind have. */
export function kindOf(ref: MovingRef): readonly string[] {
  return [ref.kind === "tag" ? "refs/tags/" : heads]
}

const listedMax = 20

function listed(ref: MovingRef, others: ReadonlyMap<string, RefTip>): string {
  const [prefix = ""] = kindOf(ref)
  const names = [...others.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  if (names.length === 0) return ""
  const near = "name" in ref ? nearest(ref.name.replace(/^refs\/(?:heads|tags)\//, ""), names) : null
  const more = names.length - listedMax
  const known = `it has ${names.slice(0, listedMax).join(", ")}${more > 0 ? ` and ${more} more` : ""}`
  return near === null ? known : `did you mean ${near}? ${known}`
}

function fullName(ref: MovingRef): string {
  switch (ref.kind) {
    case "head":
      return "HEAD"
    case "branch":
      return heads + ref.name
    case "tag":
      return `refs/tags/${ref.name}`
    case "name":
      return ref.name
  }
}
