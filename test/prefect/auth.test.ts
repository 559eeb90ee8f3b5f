import t from "tap"
import { Secret } from "../../src/core/secret.ts"
import type { Workspace } from "../../src/core/source.ts"
import { openProxy } from "../support/proxy.ts"
import { openPrefect, type PrefectVersion } from "../support/prefect/server.ts"
import { covering, creation, newest, openClient, secretsOf, secretValue, signal } from "./client.ts"

/** Servers that want an auth string, and a CSRF token with everything but GET. */

const authString = `admin:${secretValue}`
const auth: Workspace["auth"] = { kind: "basic", authString: { kind: "env", name: "AUTH" } }

async function withBoth(version: PrefectVersion): Promise<void> {
  await using server = await openPrefect(version, { authString, csrf: true })
  await using proxy = await openProxy(server.url)
  await using client = openClient(proxy.url, { auth, secrets: secretsOf(authString) })

  await t.test(`${version}: reads and writes pass with auth string and CSRF token`, async (t) => {
    const { live } = await client.create(creation("auth", "one"), signal)
    await client.patch(live.id, { fields: { description: "new" } }, signal)
    t.equal((await client.read(live.id, signal))?.fields.description, "new")
    t.equal((await client.snapshot(covering(live.key), signal)).deployments.size, 1)
    await client.remove(live.id, signal)
    const tokens = proxy.seen.filter(({ path }) => path.startsWith("/csrf-token"))
    t.equal(tokens.length, 1)
  })

  await t.test(`${version}: a token that is no longer good is fetched anew, and the write goes on`, async (t) => {
    let refused = 0
    proxy.fault = ({ method }) =>
      method === "POST" && refused++ === 0
        ? { kind: "answer", status: 403, body: '{"detail":"Invalid CSRF token or client identifier."}' }
        : null
    t.equal((await client.create(creation("auth", "two"), signal)).existed, false)
    proxy.fault = null
  })

  await t.test(`${version}: wrong or missing credentials stall with what to do, and without the secret`, async (t) => {
    const wrong = openClient(proxy.url, { auth, secrets: secretsOf(`admin:not-${secretValue}`) })
    const none = openClient(proxy.url)
    for (const client of [wrong, none]) {
      const error = (await client.look(newest(), signal).catch((thrown: unknown) => thrown)) as Error & { code: string }
      t.strictSame([error.code, error.message.includes(secretValue)], ["prefect-auth", false])
      t.match(error.message, /apiKey or authString of workspace test/)
      await client[Symbol.asyncDispose]()
    }
  })

  await t.test(`${version}: the auth string is read anew at each request`, async (t) => {
    let current = "admin:old"
    const secrets = secretsOf("-")

    await using rotating = openClient(proxy.url, {
      auth,
      secrets: { ...secrets, read: async () => new Secret(current) },
    })
    await t.rejects(rotating.look(newest(), signal), { code: "prefect-auth" })
    current = authString
    t.equal((await rotating.look(newest(), signal)).count, 0)
  })
}

await Promise.all([withBoth("3.8.8"), withBoth("3.2.0")])

await t.test("an API key goes as a bearer token, and neither version nor CSRF token is asked for", async (t) => {
  await using proxy = await openProxy("http://127.0.0.1:9/api")
  proxy.fault = ({ path }) => ({ kind: "answer", status: 200, body: path.endsWith("count") ? "0" : "[]" })
  const apiKey: Workspace["auth"] = { kind: "apiKey", key: { kind: "env", name: "KEY" } }
  await using cloud = openClient(proxy.url, { auth: apiKey, secrets: secretsOf("pnu_1") })
  await cloud.snapshot(covering(), signal)
  t.ok(proxy.seen.every(({ headers }) => headers["authorization"] === "Bearer pnu_1"))
  t.ok(proxy.seen.length > 0 && proxy.seen.every(({ path }) => /\/(filter|count)$/.test(path)))
})
