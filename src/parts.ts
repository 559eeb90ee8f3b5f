import type { SecretReader } from "./core/secret.ts"
import type { Workspace } from "./core/source.ts"
import { GitRemotes } from "./git/remotes.ts"
import { Images } from "./images/images.ts"
import type { Clock } from "./lib/clock.ts"
import type { Events } from "./observe/events.ts"
import { WorkspaceClient } from "./prefect/client.ts"
import type { WorkspacePort } from "./reconcile/ports.ts"
import { version } from "./version.ts"

/** The rooms behind the loop's ports, opened: one place, so that `run` and `plan` see with the same eyes. */
export interface Around {
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly events: Events
}

export function openGit(stateDir: string, { secrets, clock, events }: Around): GitRemotes {
  const onRequest = (request: { operation: string; result: "ok" | "error" }): void =>
    events.emit({ kind: "git-request", ...request })
  return new GitRemotes({ stateDir, secrets, clock, onRequest })
}

/** `patienceMs`: how long one question waits for registries. */
export function openImages(patienceMs: number, { secrets, clock, events }: Around): Images {
  const onRequest = (request: { result: "there" | "missing" | "unknown" }): void =>
    events.emit({ kind: "registry-request", ...request })
  return new Images({ secrets, clock, userAgent: `lockstep/${version}`, patienceMs, onRequest })
}

export function openPrefect(workspace: Workspace, { secrets, clock, events }: Around): WorkspacePort & AsyncDisposable {
  return new WorkspaceClient({
    workspace,
    secrets,
    clock,
    userAgent: `lockstep/${version}`,
    onRequest: (request) => events.emit({ kind: "prefect-request", workspace: workspace.name, ...request }),
  })
}
