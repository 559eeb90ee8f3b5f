import type { SecretReader } from "../core/secret.ts"
import type { Clock } from "../lib/clock.ts"
import type { Events } from "../observe/events.ts"
import type { Bulkheads } from "./bulkheads.ts"
import type { WorkspaceState } from "./memory.ts"
import type { Eyes } from "./eyes.ts"
import type { GitPort, ImagesPort, RenderPort } from "./ports.ts"

/** What all turns of a daemon share. */
export interface TurnContext {
  readonly installation: string
  readonly version: string
  /** Id of this start of the daemon. */
  readonly instance: string
  readonly git: GitPort
  readonly render: RenderPort
  readonly images: ImagesPort
  readonly bulkheads: Bulkheads
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly events: Events
}

export function eyesOf(context: TurnContext, workspace: WorkspaceState): Eyes {
  const { installation, git, render, images, secrets, clock } = context
  return { installation, git, render, images, secrets, clock, port: workspace.port, snapshots: workspace.snapshots }
}
