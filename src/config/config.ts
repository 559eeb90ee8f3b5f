import { isDeepStrictEqual } from "node:util"
import type { AccessToken } from "../core/access.ts"
import type { SourceName, WorkspaceName } from "../core/model.ts"
import type { Receiver, Source, Workspace } from "../core/source.ts"

/** One config file, checked, all defaults filled in. */
export interface Config {
  /** Part of every ownership mark: another installation's deployments are never ours. */
  readonly installation: string
  readonly workspaces: readonly Workspace[]
  readonly sources: readonly Source[]
  /** Webhooks of whole organisations, at `/hooks/NAME` as those of sources. */
  readonly receivers: readonly (Receiver & { readonly name: string })[]
  readonly server: ServerSettings
  /** Git objects and history; safe to delete at any time. Absolute. */
  readonly stateDir: string
}

export interface ServerSettings {
  readonly listen: { readonly host: string; readonly port: number }
  /** `server.token` is one of them: it is named `token`, and operates. */
  readonly tokens: readonly AccessToken[]
  /** Whether `/metrics` wants a token too. */
  readonly metricsAuth: boolean
}

/** What a new config changes, so that only that is made anew. */
export interface ConfigChange {
  readonly added: readonly Source[]
  readonly removed: readonly Source[]
  /** The same name with other settings. */
  readonly changed: readonly { readonly before: Source; readonly after: Source }[]
  /** Added, removed or changed workspaces: their clients are made anew, and their sources looked at. */
  readonly changedWorkspaces: readonly WorkspaceName[]
  /** Both mean a restart of everything: another owner in every mark, another place for Git objects. */
  readonly installationChanged: boolean
  readonly stateDirChanged: boolean
}

/** Compares two configs by the names of their parts; the order of entries means nothing. */
export function diffConfig(before: Config, after: Config): ConfigChange {
  const old = new Map<SourceName, Source>(before.sources.map((source) => [source.name, source]))
  const kept = new Set(after.sources.map(({ name }) => name))
  return {
    added: after.sources.filter(({ name }) => !old.has(name)),
    removed: before.sources.filter(({ name }) => !kept.has(name)),
    changed: after.sources.flatMap((source) => {
      const was = old.get(source.name)
      return was && !isDeepStrictEqual(was, source) ? [{ before: was, after: source }] : []
    }),
    changedWorkspaces: changedWorkspaces(before.workspaces, after.workspaces),
    installationChanged: before.installation !== after.installation,
    stateDirChanged: before.stateDir !== after.stateDir,
  }
}

function changedWorkspaces(before: readonly Workspace[], after: readonly Workspace[]): WorkspaceName[] {
  const old = new Map(before.map((workspace) => [workspace.name, workspace]))
  const now = new Map(after.map((workspace) => [workspace.name, workspace]))
  const names = new Set([...old.keys(), ...now.keys()])
  return [...names].filter((name) => !isDeepStrictEqual(old.get(name), now.get(name)))
}
