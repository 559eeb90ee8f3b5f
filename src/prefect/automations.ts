import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import type { Automation, DeploymentId, DeploymentKey, LiveAutomation, LiveDeployment } from "../core/model.ts"
import { listAll } from "./paging.ts"
import type { Transport } from "./transport.ts"
import { read, wire, type WireAutomation } from "./wire.ts"

const pageRows = 200

type Acted = Pick<LiveDeployment, "id" | "key">

/** Prefect's automations, as far as they act on deployments (`server/events/schemas/automations.py`). */
export class AutomationClient {
  readonly #transport: Transport
  /** By each deployment that one of their actions starts, as last read; null = nobody needed them so far. */
  #known: ReadonlyMap<string, readonly WireAutomation[]> | null = null

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** One request for each 200 of the workspace. They have no filter by deployment, so all are read or none. */
  async readAll(signal: AbortSignal): Promise<void> {
    this.#known = byDeployment(await this.#list(signal))
  }

  /** From now on nobody knows them. */
  forget(): void {
    this.#known = null
  }

  /** As last read, without asking. */
  known({ id, key }: Acted): readonly LiveAutomation[] | null {
    return this.#known && (this.#known.get(id) ?? []).map((row) => toLive(row, id, key))
  }

  /** Those that a deployment owns, and those that act on it, read now. */
  async read({ id, key }: Acted, signal: AbortSignal): Promise<readonly LiveAutomation[]> {
    const call = { method: "GET", path: `/automations/related-to/${resource(id)}`, intent: "read" } as const
    const answer = await this.#transport.call({ ...call, route: "/automations/related-to/{id}" }, signal)
    const rows = read(wire.automations, answer.body, "/automations/related-to/{id}")
    if (this.#known) this.#known = new Map([...this.#known, [id, rows]])
    return rows.map((row) => toLive(row, id, key))
  }

  /** Owned by the deployment, as those are that `prefect deploy` makes: it replaces them instead of adding its own. */
  async make(id: DeploymentId, automation: Automation, tags: readonly string[], signal: AbortSignal): Promise<void> {
    const body = { ...automationBody(id, automation, tags), owner_resource: resource(id) }
    await this.#transport.call({ method: "POST", path: "/automations/", intent: "write", body }, signal)
  }

  /** A PUT keeps what it leaves out, so everything is sent; it resets what the trigger has counted so far. */
  async replace(
    { id, automationId }: { readonly id: DeploymentId; readonly automationId: string },
    automation: Automation,
    tags: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const call = { method: "PUT", path: `/automations/${automationId}`, route: "/automations/{id}" } as const
    await this.#transport.call({ ...call, intent: "write", body: automationBody(id, automation, tags) }, signal)
  }

  async remove(automationId: string, signal: AbortSignal): Promise<void> {
    const call = { method: "DELETE", path: `/automations/${automationId}`, route: "/automations/{id}" } as const
    await this.#transport.call({ ...call, intent: "write", expect: [404] }, signal)
  }

  #list(signal: AbortSignal): Promise<readonly WireAutomation[]> {
    const listing = {
      what: "automations",
      path: "/automations/filter",
      countPath: "/automations/count",
      filter: {},
      sort: "CREATED_DESC",
      pageRows,
      parse: (body: Json, path: string) => read(wire.automations, body, path),
    }
    return listAll(this.#transport, listing, signal)
  }
}

function toLive(wire: WireAutomation, id: string, key: DeploymentKey): LiveAutomation {
  return {
    id: wire.id,
    key,
    name: wire.name,
    description: wire.description ?? "",
    enabled: wire.enabled,
    created: wire.created ?? "",
    updated: wire.updated ?? wire.created ?? "",
    tags: wire.tags ?? [],
    trigger: wire.trigger,
    actions: wire.actions.map((action) => withoutOwn(action, id)),
    reactions: reactionsOf(wire),
    startsOnly: startsOnly(wire, id),
  }
}

function reactionsOf(wire: WireAutomation): JsonObject {
  const { actions_on_trigger: onTrigger, actions_on_resolve: onResolve } = wire
  return {
    ...(onTrigger?.length && { actions_on_trigger: onTrigger }),
    ...(onResolve?.length && { actions_on_resolve: onResolve }),
  }
}

function startsOnly(wire: WireAutomation, id: string): boolean {
  const [action, ...others] = wire.actions
  if (others.length > 0 || Object.keys(reactionsOf(wire)).length > 0 || !isJsonObject(action)) return false
  return action["type"] === "run-deployment" && action["deployment_id"] === id
}

function automationBody(id: DeploymentId, automation: Automation, tags: readonly string[]): JsonObject {
  const { name, description, enabled, trigger, actions, reactions } = automation
  return {
    name,
    description,
    enabled: enabled ?? true,
    tags: [...tags],
    trigger,
    actions: actions.map((action) => withOwn(action, id)),
    actions_on_trigger: reactions["actions_on_trigger"] ?? [],
    actions_on_resolve: reactions["actions_on_resolve"] ?? [],
  }
}

function withoutOwn(action: Json, id: string): Json {
  if (!isJsonObject(action) || action["deployment_id"] !== id) return action
  const { deployment_id: _own, ...rest } = action
  return rest
}

const onDeployments: ReadonlySet<Json> = new Set(["run-deployment", "pause-deployment", "resume-deployment"])

function withOwn(action: Json, id: DeploymentId): Json {
  if (!isJsonObject(action) || action["source"] !== "selected" || "deployment_id" in action) return action
  return onDeployments.has(action["type"] ?? null) ? { ...action, deployment_id: id } : action
}

function byDeployment(automations: readonly WireAutomation[]): ReadonlyMap<string, readonly WireAutomation[]> {
  const found = new Map<string, WireAutomation[]>()
  for (const automation of automations) {
    for (const id of new Set(automation.actions.flatMap((action) => deploymentOf(action)))) {
      found.set(id, [...(found.get(id) ?? []), automation])
    }
  }
  return found
}

/** What `/automations/related-to` counts as related (`server/events/models/automations.py`), so that both see the same. */
function deploymentOf(action: Json): readonly string[] {
  if (!isJsonObject(action) || action["type"] !== "run-deployment" || action["source"] !== "selected") return []
  const id = action["deployment_id"]
  return typeof id === "string" ? [id] : []
}

function resource(id: DeploymentId): string {
  return `prefect.deployment.${id}`
}
