import type { DeploymentKey, ScheduleSpec } from "../../src/core/model.ts"
import type { WorkspaceClient } from "../../src/prefect/client.ts"
import type { PrefectServer, PrefectVersion } from "../support/prefect/server.ts"
import type { Proxy } from "../support/proxy.ts"

/** Where the behaviours are looked at. */
export interface Place {
  readonly server: PrefectServer
  readonly proxy: Proxy
  readonly client: WorkspaceClient
  readonly version: PrefectVersion
  /** Begins the names of flows, pools and variables. */
  readonly flow: string
}

export const cron = (text: string): ScheduleSpec => ({
  kind: "cron",
  cron: text,
  timezone: "Europe/Berlin",
  dayOr: true,
})
export const key = (flow: string, name: string) => `${flow}/${name}` as DeploymentKey
