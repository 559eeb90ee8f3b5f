import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { isJsonObject, type JsonObject } from "../../src/core/json.ts"
import { toJson } from "../../src/yaml/dialect.ts"
import type { World } from "../support/daemon.ts"
import type { GitRepository } from "../support/git-server.ts"
import { automationsOf } from "./automations.ts"
import type { Live } from "./compare.ts"
import { namesIn, run, type Rendered } from "./render.ts"

const triesMax = 10

type Call = World["call"]

/** One request to the server at `url`, tried again while SQLite is busy. */
export function callerOf(url: string): Call {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok && answer.status !== 409)
      throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`)
    return (text === "" ? null : JSON.parse(text)) as T
  }
}

/** What the manifests refer to: pools, variables, and (for Prefect, which reads them now) secrets. */
export async function furnish({ index, desired, env }: Rendered, call: Call): Promise<void> {
  const pools = index.entries.flatMap(({ node }) => {
    const pool = (toJson(node) as JsonObject)["work_pool"]
    const name = isJsonObject(pool ?? null) ? (pool as JsonObject)["name"] : null
    return typeof name === "string"
      ? [name.replaceAll(/\{\{\s*\$(\w+)\s*\}\}/g, (_, key: string) => env.get(key) ?? "")]
      : []
  })
  const wanted = [...desired.deployments.values()].flatMap(({ fields: { workPool } }) =>
    "value" in workPool && workPool.value !== null ? [workPool.value] : [],
  )
  for (const name of new Set([...pools, ...wanted]))
    await call("POST", "/work_pools/", { name, type: "process" }).catch(() => null)
  for (const name of index.variables)
    await call("POST", "/variables/", { name, value: `value-of-${name}` }).catch(() => null)
  await call("POST", "/block_types/install_system_block_types")
  const paths = namesIn(index, /prefect\.blocks\.([\w.-]+)/g).map((path) => path.split("."))
  for (const fields of Map.groupBy(paths, ([type, name]) => `${type}.${name}`).values()) await makeBlock(fields, call)
}

/** A block for all `[type, name, field]` of it; of a type of its own when no package that brings it is installed. */
async function makeBlock(paths: readonly (readonly string[])[], call: Call): Promise<void> {
  const [slug = "", name = ""] = paths[0] ?? []
  const type = await call<{ id: string }>("GET", `/block_types/slug/${slug}`).catch(() =>
    call<{ id: string }>("POST", "/block_types/", { name: slug, slug }),
  )
  const filter = { block_schemas: { block_type_id: { any_: [type.id] } } }
  const [known] = await call<{ id: string }[]>("POST", "/block_schemas/filter", filter)
  const fields = { title: slug, type: "object", properties: {}, block_type_slug: slug }
  const schema = known ?? (await call<{ id: string }>("POST", "/block_schemas/", { fields, block_type_id: type.id }))
  await call("POST", "/block_documents/", {
    name,
    block_type_id: type.id,
    block_schema_id: schema.id,
    data: Object.fromEntries(paths.map(([, , field = "value"]) => [field, `value-of-${name}`])),
  })
}

/**
 * Everything that is deployed, by `flow/deployment`, each with its automations; then it is removed, to make room for the
 * next repository.
 */
export async function takeAll(call: Call): Promise<ReadonlyMap<string, Live>> {
  const all = new Map<string, Live>()
  const automations = await call<(JsonObject & { readonly id: string })[]>("POST", "/automations/filter", {
    limit: 200,
  })
  for (;;) {
    const page = await call<Live[]>("POST", "/deployments/filter", { limit: 100 })
    if (page.length === 0) break
    const ids = [...new Set(page.map(({ flow_id: id }) => id))]
    const flows = await call<{ id: string; name: string }[]>("POST", "/flows/filter", { flows: { id: { any_: ids } } })
    for (const live of page) {
      const whole = { ...live, automations: automationsOf(automations, live.id) }
      all.set(`${flows.find(({ id }) => id === live.flow_id)?.name}/${live.name}`, whole)
      await call("DELETE", `/deployments/${live.id}`)
    }
  }
  for (const { id } of automations) await call("DELETE", `/automations/${id}`).catch(() => null)
  return all
}

/** The repository of a checkout, served by a real Git server. */
export function serve(world: World, { name, folder, desired }: Rendered): GitRepository {
  const served = world.repository(name)
  // Its objects are those of the checkout: nothing is copied.
  const objects = join(run(folder, "git", "rev-parse", "--path-format=absolute", "--git-common-dir"), "objects")
  appendFileSync(join(served.folder, "objects/info/alternates"), `${objects}\n`)
  run(served.folder, "git", "update-ref", "refs/heads/main", desired.revision)
  return served
}

/** The real daemon, once, with the settings that the rendering had. */
export async function lockstep(
  world: World,
  { name, source, env, desired }: Rendered,
  url: string,
): Promise<readonly string[]> {
  const { shortHash } = source.rendering
  const one = {
    name: "main",
    url,
    ref: { branch: "main" },
    images: "trust",
    shortHash,
    env: Object.fromEntries(env),
  }
  await using daemon = await world.daemon({
    // An installation has 63 characters at most.
    installation: name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .slice(0, 63),
    sources: [one],
  })
  // A sync waits a minute at most; of hundreds of deployments the first turn may take longer.
  let status = await daemon.sync("main")
  for (let tries = 1; status.revision.applied !== desired.revision && tries < triesMax; tries += 1)
    status = await daemon.sync("main")
  const known = new Set(desired.problems.map(({ code, key, line }) => `${code} ${key} ${line}`))
  return status.problems
    .filter(({ code, key, line }) => !known.has(`${code} ${key} ${line}`))
    .map(({ code, key, message }) => `${code} ${key ?? ""}: ${message}`)
}
