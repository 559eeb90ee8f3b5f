import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { GitRemotes, type GitOptions } from "../../src/git/remotes.ts"
import { Secret } from "../../src/core/secret.ts"
import type { Remote } from "../../src/core/source.ts"
import { systemClock } from "../../src/lib/clock.ts"
import type { GitError } from "../../src/lib/errors.ts"
import type { Revision, Tree } from "../../src/core/model.ts"

/** Signal that nobody aborts. */
export const { signal } = new AbortController()
export const head = { kind: "head" } as const
export const branch = (name: string) => ({ kind: "branch", name }) as const

export interface Client extends AsyncDisposable {
  readonly git: GitRemotes
  readonly stateDir: string
}

/** With a folder of its own. */
export function openClient(options: Partial<GitOptions> = {}): Client {
  const stateDir = mkdtempSync(join(tmpdir(), "lockstep-state-"))
  const secrets = {
    read: async () => new Secret("sesame"),
    mask: (text: string) => text.replaceAll("sesame", "***"),
  }
  const timeouts = { idleMs: 60_000, requestMs: 300_000 }
  const git = new GitRemotes({ stateDir, secrets, clock: systemClock, timeouts, ...options })
  return {
    git,
    stateDir,
    async [Symbol.asyncDispose]() {
      await git[Symbol.asyncDispose]()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

export function remoteAt(url: string, others: Partial<Remote> = {}): Remote {
  return { url, credentials: null, caFile: null, ...others }
}

/** The tree at a remote's HEAD, from a poll of now. */
export async function headTree({ git }: Client, remote: Remote): Promise<Tree> {
  const { revision } = await git.resolve(remote, head, 0, signal)
  return git.tree(remote, revision, signal)
}

/** A file's text at HEAD. */
export async function textAt(client: Client, remote: Remote, path: string): Promise<string> {
  const tree = await headTree(client, remote)
  const oid = tree.entries.get(path)?.oid ?? ""
  const blob = (await client.git.blobs(remote, tree.revision, [oid], 1_000_000, signal)).get(oid)
  return blob?.kind === "bytes" ? Buffer.from(blob.bytes).toString() : `(${blob?.kind})`
}

/** Code and kind of the error that it ends with; null when it doesn't. */
export async function failure(work: Promise<unknown>): Promise<readonly [code: string, kind: string] | null> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown as GitError,
  )
  return error && [error.code ?? error.name, error.kind]
}

export const asRevision = (id: string): Revision => id as Revision
