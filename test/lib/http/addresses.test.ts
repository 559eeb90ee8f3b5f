import t from "tap"
import { isPublicAddress } from "../../../src/lib/http/addresses.ts"

/** Which addresses everybody reaches: the registries of IANA, row by row. */

const closed =
  "0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 " +
  "172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 " +
  "239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 2001::1 " +
  "2002:7f00:1::1 3fff::1 100::1 5f00::1 64:ff9b:1::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe 64:ff9b::10.0.0.1 " +
  "64:ff9b:: ::127.0.0.1 fec0::1 localhost example.com 1.2.3 1.2.3.4/32"
const open =
  "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 140.82.121.4 172.15.0.1 172.32.0.1 192.169.0.1 " +
  "198.17.0.1 198.20.0.1 223.255.255.255 2606:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::8.8.8.8"

t.test("an address that only some reach is no public one, in whatever spelling", async (t) => {
  for (const address of closed.split(" ")) t.notOk(isPublicAddress(address), address)
  t.notOk(isPublicAddress(""))
})

t.test("an address of the internet is one", async (t) => {
  for (const address of open.split(" ")) t.ok(isPublicAddress(address), address)
})
