import type { SecretReader } from "../core/secret.ts"
import type { Clock } from "../lib/clock.ts"
import type { GitPort, ImagesPort, RenderPort, WorkspacePort } from "./ports.ts"
import type { Snapshots } from "./snapshots.ts"

/** The eyes of a turn: what Git says, what Prefect says, and the inputs between them. Nothing is written here. */
export interface Eyes {
  readonly installation: string
  readonly git: GitPort
  readonly render: RenderPort
  readonly images: ImagesPort
  readonly secrets: SecretReader
  readonly port: WorkspacePort
  readonly snapshots: Snapshots
  readonly clock: Clock
}
