import type { Config } from "./config/config.ts"
import type { SourceName } from "./core/model.ts"
import type { SecretRef } from "./core/secret.ts"
import type { Source, Workspace } from "./core/source.ts"
import type { SourceStatus } from "./core/status.ts"

/** The files that hold what the sources are let in with: by Git, by Prefect, by registries and by what stands before them. */
export function credentialFiles(config: Config): readonly string[] {
  const refs = [...config.sources.flatMap(refsOfSource), ...config.workspaces.flatMap(refsOfWorkspace)]
  return refs.flatMap((ref) => (ref.kind === "file" ? [ref.path] : []))
}

/** The sources that fail and are let in with one of these files: what it says now may be the cure. */
export function curedBy(
  { sources, workspaces }: Config,
  paths: readonly string[],
  statusOf: (name: SourceName) => SourceStatus | null,
): readonly SourceName[] {
  const names = (ref: SecretRef): boolean => ref.kind === "file" && paths.includes(ref.path)
  const hit = new Set(workspaces.filter((one) => refsOfWorkspace(one).some(names)).map(({ name }) => name))
  return sources
    .filter((source) => hit.has(source.workspace) || refsOfSource(source).some(names))
    .map(({ name }) => name)
    .filter((name) => mayBeCured(statusOf(name)))
}

/** Who asked to be left alone is: a new credential doesn't change how much they bear. */
function mayBeCured(status: SourceStatus | null): boolean {
  const outcome = status?.lastTurn?.outcome
  return (outcome === "failed" || outcome === "degraded") && (status?.failure?.retryAfterMs ?? null) === null
}

function refsOfSource({ remote, rendering }: Source): readonly SecretRef[] {
  const registries = rendering.registries.flatMap(({ credentials }) => (credentials ? [credentials.password] : []))
  const env = Object.values(rendering.env).filter((value) => typeof value !== "string")
  const git = remote.credentials ? [remote.credentials.password] : []
  return [...git, ...Object.values(remote.headers ?? {}), ...registries, ...env]
}

function refsOfWorkspace({ auth, headers }: Workspace): readonly SecretRef[] {
  const own = auth.kind === "apiKey" ? [auth.key] : auth.kind === "basic" ? [auth.authString] : []
  return [...own, ...Object.values(headers ?? {})]
}
