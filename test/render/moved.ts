import type { DeploymentKey, Revision, Tree } from "../../src/core/model.ts"
import type { Rendering } from "../../src/core/source.ts"
import type { Blob } from "../../src/render/index.ts"
import { Keeper } from "../../src/render/reach/kept.ts"
import { desiredOf, indexOf, sourceOf, textsOf, treeOf, type Files } from "./desired.ts"

export const there = "a".repeat(40) as Revision

/** Whether the clone of a deployment moves from a commit with `before` to one with `files`. */
export function moved(files: Files, before: Files | Tree, key?: DeploymentKey): boolean {
  return look(files, before, {}, key).moved
}

/** The same, and how many blobs were asked for. */
export function look(
  files: Files,
  before: Files | Tree,
  rendering: Partial<Rendering> = {},
  wanted = "my-flow/d" as DeploymentKey,
) {
  const index = indexOf(files, { rendering })
  const desired = desiredOf(files, { rendering })
  const keys = new Set(desired.deployments.keys())
  const old = "entries" in before ? (before as Tree) : treeOf(before, there)
  const question = { index, desired, source: sourceOf({ rendering }), there: old, keys }
  const [keeper, texts, blobs] = [new Keeper(), textsOf(files), new Map<string, Blob>()]
  for (let round = 0; round < 50; round++) {
    const answer = keeper.ask(question, blobs)
    if (answer.kind === "ready") return { moved: !answer.kept.has(wanted), read: blobs.size }
    for (const oid of answer.oids) blobs.set(oid, { kind: "text", text: texts.get(oid) ?? "" })
  }
  throw new Error("it never became ready")
}
