import type { Revision } from "../core/model.ts"
import type { Ref, Remote } from "../core/source.ts"
import { GitError } from "../lib/errors.ts"
import type { RefTip } from "./protocol.ts"

export interface Resolution {
  readonly revision: Revision
  /** Full name of the ref; null for a commit id. */
  readonly refName: string | null
  /** Its short name when it is a branch. */
  readonly branch: string | null
}

/** What to ask for: always HEAD too, so that an existing repository never answers with an empty list. */
export function prefixesOf(ref: Ref): readonly string[] {
  return ["HEAD", ...(ref.kind === "head" ? [] : [fullName(ref)])]
}

/** The commit that a ref stands at. @throws GitError `ref-not-found` */
export function pickRef(remote: Remote, ref: Ref, tips: ReadonlyMap<string, RefTip>): Resolution {
  const name = ref.kind === "head" ? "HEAD" : fullName(ref)
  const tip = tips.get(name)
  if (!tip) {
    const message =
      tips.size === 0
        ? `${remote.url} has no ${name}, and no HEAD either: is the repository empty?`
        : `${remote.url} has no ${name}: was it deleted or renamed?`
    throw new GitError(message, { kind: "stalled", code: "ref-not-found" })
  }
  const refName = ref.kind === "head" ? (tip.target ?? "HEAD") : name
  const branch = refName.startsWith("refs/heads/") ? refName.slice("refs/heads/".length) : null
  return { revision: (tip.peeled ?? tip.oid) as Revision, refName, branch }
}

function fullName(ref: Exclude<Ref, { kind: "head" }>): string {
  switch (ref.kind) {
    case "branch":
      return `refs/heads/${ref.name}`
    case "tag":
      return `refs/tags/${ref.name}`
    case "name":
      return ref.name
    case "commit":
      return ref.id
  }
}
