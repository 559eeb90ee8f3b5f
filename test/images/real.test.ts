import t from "tap"
import { installRegistry, openRealRegistry, user, type Login } from "../support/registry/real.ts"
import { access, openAsking } from "./ask.ts"

/** Against the real registry of CNCF distribution: anonymous, with a password, and with signed tokens. */

const skip = installRegistry() ?? false

for (const login of ["none", "basic", "token"] satisfies Login[]) {
  await t.test(`a registry with login: ${login}`, { skip }, async (t) => {
    await using registry = await openRealRegistry(login)
    await using asking = openAsking()
    const digest = await registry.push("team/etl", "abc1234")
    const registries = [access(registry.host, login === "none" ? null : user.name)]
    const at = (version: string): string => `${registry.host}/team/etl${version}`

    const { verdicts, againMs } = await asking.ask([at(":abc1234"), at(`@${digest}`), at(":later")], registries)

    t.strictSame(verdicts.get(at(":abc1234")), { kind: "there" })
    t.strictSame(verdicts.get(at(`@${digest}`)), { kind: "there" })
    t.match(verdicts.get(at(":later")), { kind: "missing", message: `${registry.host} has no team/etl:later` })
    t.ok(againMs !== null && againMs < 6_000, "soon looked for again")
    if (login === "none") return
    const stranger = await asking.verdict(at(":abc1234"), [access(registry.host)])
    t.match(stranger, { kind: "unknown", message: /doesn't let us look \(401\): no credentials/ })
    const wrong = await asking.verdict(at(":abc1234"), [access(registry.host, "somebody")])
    t.match(wrong, { kind: "unknown", message: /doesn't let us look \(401\)/ })
  })
}
