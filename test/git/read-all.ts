import type { Revision } from "../../src/core/model.ts"
import type { Ref, Remote } from "../../src/core/source.ts"
import type { Resolution } from "../../src/git/refs.ts"
import type { GitRemotes } from "../../src/git/remotes.ts"
import { GitError } from "../../src/lib/errors.ts"
import { head, signal } from "./remote.ts"

export type Texts = Readonly<Record<string, string>>

/** What a source's turn reads: where the ref stands, and all files there with their texts. */
export async function readAll(
  git: GitRemotes,
  remote: Remote,
  ref: Ref = head,
): Promise<{ readonly resolution: Resolution; readonly texts: Texts }> {
  // No age is young enough: a poll of now.
  const resolution = await git.resolve(remote, ref, -1, signal)
  return { resolution, texts: await textsAt(git, remote, resolution.revision) }
}

export async function textsAt(git: GitRemotes, remote: Remote, revision: Revision): Promise<Texts> {
  const { entries } = await git.tree(remote, revision, signal)
  const files = [...entries].filter(([, { kind }]) => kind === "file")
  const oids = files.map(([, { oid }]) => oid)
  const blobs = await git.blobs(remote, revision, oids, 1_000_000, signal)
  const texts = files.map(([path, { oid }]) => {
    const blob = blobs.get(oid)
    return [path, blob?.kind === "bytes" ? Buffer.from(blob.bytes).toString() : `(${blob?.kind})`]
  })
  return Object.fromEntries(texts) as Texts
}

/** The GitError that something must end with. */
export async function failureOf(work: Promise<unknown>): Promise<GitError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GitError) return error
  throw new Error("it ended without a GitError", { cause: error })
}
