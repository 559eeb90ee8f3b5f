import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Revision } from "../../src/core/model.ts"
import { Secret, type SecretRef } from "../../src/core/secret.ts"
import type { Ref, Remote } from "../../src/core/source.ts"
import { GitRemotes, type GitOptions } from "../../src/git/remotes.ts"
import type { Resolution } from "../../src/git/refs.ts"
import { GitError } from "../../src/lib/errors.ts"
import { openGitServer, type GitRepository, type GitServer } from "../support/git-server.ts"

/** A Git server, and the room under test before it. */
export interface Rig extends AsyncDisposable {
  readonly server: GitServer
  readonly git: GitRemotes
  readonly stateDir: string
  /** What `onRequest` was told. */
  readonly told: string[]
  /** Secrets by the name of their variable. */
  readonly secrets: Map<string, string>
  /** The clock stands unless it is moved. */
  readonly time: { now: number }
  repository(name: string, files?: Readonly<Record<string, string | null>>): GitRepository
  /** Another daemon's room on the same state directory. */
  again(): GitRemotes
  gitdirs(): readonly string[]
}

export const { signal } = new AbortController()
export const head: Ref = { kind: "head" }
export const patience = { idleMs: 400, requestMs: 1_500 }

export async function openRig(server: Parameters<typeof openGitServer>[0] = {}): Promise<Rig> {
  const opened = new AsyncDisposableStack()
  const stateDir = mkdtempSync(join(tmpdir(), "lockstep-state-"))
  opened.defer(() => rmSync(stateDir, { recursive: true, force: true }))
  const gitServer = opened.use(await openGitServer(server))
  const [told, secrets, time]: [string[], Map<string, string>, { now: number }] = [[], new Map(), { now: 1_000_000 }]
  const options: GitOptions = {
    stateDir,
    clock: { now: () => time.now, random: () => 0.5, sleep: async () => undefined },
    timeouts: patience,
    onRequest: ({ operation, result }) => told.push(`${operation} ${result}`),
    secrets: {
      read: async (ref: SecretRef) => new Secret(secrets.get(ref.kind === "env" ? ref.name : ref.path) ?? ""),
      mask: (text) => [...secrets.values()].reduce((masked, value) => masked.replaceAll(value, "[secret]"), text),
    },
  }
  const again = (): GitRemotes => opened.use(new GitRemotes(options))
  return {
    server: gitServer,
    git: again(),
    stateDir,
    told,
    secrets,
    time,
    again,
    repository(name, files = { "prefect.yaml": "deployments: []\n" }) {
      const repository = gitServer.createRepository(name)
      repository.commit(files)
      gitServer.requests.length = 0
      return repository
    },
    gitdirs: () => readdirSync(join(stateDir, "git")).map((name) => join(stateDir, "git", name)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export function at({ url }: { readonly url: string }, token: string | null = null): Remote {
  const credentials = token === null ? null : { username: "ada", password: { kind: "env", name: token } as const }
  return { url, credentials, caFile: null }
}

/** What a source's turn reads: where the ref stands, its paths with the texts of all files. */
export async function readAll(
  git: GitRemotes,
  remote: Remote,
  ref: Ref = head,
): Promise<{ readonly resolution: Resolution; readonly texts: Readonly<Record<string, string>> }> {
  const resolution = await git.resolve(remote, ref, 0, signal)
  return { resolution, texts: await textsAt(git, remote, resolution.revision) }
}

export async function textsAt(
  git: GitRemotes,
  remote: Remote,
  revision: Revision,
): Promise<Readonly<Record<string, string>>> {
  const { entries } = await git.tree(remote, revision, signal)
  const files = [...entries].filter(([, { kind }]) => kind === "file")
  const oids = files.map(([, { oid }]) => oid)
  const blobs = await git.blobs(remote, revision, oids, 1_000_000, signal)
  const texts = files.map(([path, { oid }]) => {
    const blob = blobs.get(oid)
    return [path, blob?.kind === "bytes" ? Buffer.from(blob.bytes).toString() : (blob?.kind ?? "missing")]
  })
  return Object.fromEntries(texts) as Record<string, string>
}

/** Code and kind of the GitError that something must fail with; its message too, when asked for. */
export async function failureOf(work: Promise<unknown>): Promise<GitError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GitError) return error
  throw new Error("no GitError", { cause: error })
}
