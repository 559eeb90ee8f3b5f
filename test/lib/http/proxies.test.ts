import fc from "fast-check"
import t from "tap"
import { proxyFor } from "../../../src/lib/http/proxies.ts"

/** Which proxy a request takes, as curl and Git read the environment. */

const proxy = "http://proxy.example.com:3128"
const isProxied = (url: string, list: string): boolean =>
  proxyFor(new URL(url), { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: list }) !== null

/** List, then hosts that it excepts, then hosts that it doesn't. */
const lists: readonly (readonly [list: string, excepted: string, others: string])[] = [
  ["10.0.0.0/8", "10.1.2.3 10.255.255.255", "11.0.0.1 10.example.com example.com"],
  ["10.0.0.0/8,172.16.0.0/12", "172.31.0.1", "172.32.0.1"],
  ["192.168.1.7/32", "192.168.1.7", "192.168.1.8"],
  ["0.0.0.0/0", "1.2.3.4", "[2001:db8::1] example.com"],
  ["fd00::/8", "[fd12::1]", "[fe80::1] 10.0.0.1"],
  ["2001:db8::/32", "[2001:db8:1::1]", "[2001:db9::1]"],
  ["127.*", "127.0.0.1 127.9.9.9", "128.0.0.1"],
  ["10.*.0.1", "10.5.0.1", "10.5.1.1"],
  ["*.example.com", "git.example.com a.b.example.com example.com", "example.org badexample.com"],
  [".example.com", "git.example.com example.com", "badexample.com"],
  ["example.com", "example.com git.example.com", "badexample.com example.com.evil.org"],
  ["EXAMPLE.com.", "Example.com example.com.", "example.co"],
  ["example.com:8443", "example.com:8443", "example.com example.com:8444"],
  ["example.com:443", "example.com", "example.com:8443"],
  ["::1", "[::1] [0:0:0:0:0:0:0:1]", "[::2]"],
  ["[::1]:8080", "[::1]:8080", "[::1]"],
  ["127.0.0.1", "127.0.0.1 0x7f.1", "127.0.0.2"],
  ["127.0.0.1:4200", "127.0.0.1:4200", "127.0.0.1"],
  ["*", "anything.example.com 1.2.3.4 [::1]", ""],
  [" a.example , b.example\tc.example", "a.example b.example c.example", "d.example"],
  ["", "", "example.com 10.0.0.1"],
  ["10.0.0.0/33 10.0.0.0/x /8 , ,", "", "10.0.0.1 example.com"],
]

t.test("NO_PROXY knows networks, patterns, ports, names with what is below them, and `*`", async (t) => {
  for (const [list, excepted, others] of lists) {
    for (const host of excepted.split(" ").filter(Boolean))
      t.notOk(isProxied(`https://${host}/`, list), `${list}: ${host}`)
    for (const host of others.split(" ").filter(Boolean))
      t.ok(isProxied(`https://${host}/`, list), `${list}: not ${host}`)
  }
})

t.test("the proxy is that of the URL's protocol, in small letters or capitals", async (t) => {
  const of = (url: string, environment: Record<string, string>) => proxyFor(new URL(url), environment)
  t.equal(of("https://a.example/", { https_proxy: "http://small", HTTPS_PROXY: "http://large" }), "http://small")
  t.equal(of("https://a.example/", { HTTPS_PROXY: "http://large" }), "http://large")
  t.equal(of("http://a.example/", { HTTPS_PROXY: "http://large" }), null, "not for plain http")
  t.equal(of("https://a.example/", { HTTP_PROXY: "http://plain" }), "http://plain", "for both, as ever")
  t.equal(of("https://a.example/", { ALL_PROXY: "http://all" }), "http://all")
  t.equal(of("https://a.example/", { HTTPS_PROXY: " " }), null)
  t.equal(of("https://a.example/", { HTTPS_PROXY: "proxy:3128" }), "http://proxy:3128")
  t.equal(of("https://a.example/", {}), null)
})

t.test("whatever NO_PROXY says, there is an answer", async (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("*", ".", ":", "/", "[", "]", "a", "1", " ", ",", "f") }),
      fc.webUrl(),
      (list, url) => {
        t.type(isProxied(url, list), "boolean")
      },
    ),
    { numRuns: 300 },
  )
})
