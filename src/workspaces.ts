import type { WorkspaceName } from "./core/model.ts"
import type { Workspace } from "./core/source.ts"
import { openPrefect, type Around } from "./parts.ts"
import type { WorkspacePort } from "./reconcile/ports.ts"

/** The open Prefect clients, one for each workspace of the config. */
export class Workspaces implements AsyncDisposable {
  readonly #open = new Map<WorkspaceName, WorkspacePort & AsyncDisposable>()
  readonly #around: Around

  constructor(around: Around) {
    this.#around = around
  }

  /** A client for the workspace as it is configured now; one that was open for it before is closed. */
  async open(workspace: Workspace): Promise<WorkspacePort> {
    const client = openPrefect(workspace, this.#around)
    await this.close(workspace.name)
    this.#open.set(workspace.name, client)
    return client
  }

  async close(name: WorkspaceName): Promise<void> {
    const client = this.#open.get(name)
    this.#open.delete(name)
    await client?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#open.keys()) await this.close(name)
  }
}
