import { describe, expect, test } from 'vitest'
import { conflistWith, validateConflist, validateFiles } from '../../lab/validation'

/** Our part of a conflist: it begins in line 8, column 5. */

const judge = async (own: string) => {
  const lines = await validateConflist(conflistWith(own))
  return lines.slice(0, -1)
}

test('a conflist that is right', async () => {
  expect(await validateConflist(conflistWith('{ "type": "ip-masq" }'))).toEqual([
    '1 file judged: 0 errors, 0 warnings',
  ])
})

describe('every fault is found, each at its place:', () => {
  test('values', async () => {
    expect(
      await judge(`{ "type": "ip-masq",
      "nonMasqueradeCIDRs": ["10.0.0.1/8", 7, "172.16.0.0/12"],
      "backend": "ipvs",
      "toPorts": "0-80",
      "snatTo": { "ipv4": "::1" },
      "ipv6": "no"
    }`),
    ).toEqual([
      'net.conflist:9:30: error: Cannot use nonMasqueradeCIDRs[0] "10.0.0.1/8": write the network "10.0.0.0/8", or "10.0.0.1/32" for the one address',
      'net.conflist:9:44: error: Cannot use nonMasqueradeCIDRs[1] 7: write a CIDR as a string, as in "10.0.0.0/8"',
      'net.conflist:10:7: error: Cannot use backend "ipvs": write "auto", "nftables" or "iptables"',
      'net.conflist:11:7: error: Cannot use toPorts "0-80": write ports from 1 to 65535',
      'net.conflist:12:19: error: Cannot use snatTo.ipv4 "::1": write IPv4 addresses, as in "192.0.2.10" or "192.0.2.10-192.0.2.13"',
      'net.conflist:13:7: error: Cannot use ipv6 "no": write true or false',
    ])
  })

  test('keys: a typo, those of neighbours, and several that are unknown in one object', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "nonMasqCIDRs": [],
      "isGateway": true, "cniVersions": ["1.0.0"],
      "snatTo": { "ip4": "192.0.2.1", "ip6": "2001:db8::1" } }`),
    ).toEqual([
      'net.conflist:8:26: error: Cannot use nonMasqCIDRs []: unknown key; write "nonMasqueradeCIDRs" if that is meant, or remove it',
      `net.conflist:9:7: error: Cannot use isGateway true: it is a key of bridge; write it into that plugin's part of the conflist, or remove it`,
      'net.conflist:9:26: error: Cannot use cniVersions ["1.0.0"]: it is a key of the conflist; write it next to "plugins", or remove it',
      'net.conflist:10:19: error: Cannot use snatTo.ip4 "192.0.2.1": unknown key; write "ipv4" if that is meant, or remove it',
      'net.conflist:10:39: error: Cannot use snatTo.ip6 "2001:db8::1": unknown key; write "ipv6" if that is meant, or remove it',
    ])
  })

  test('Windows policies', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "policies": [
      { "name": "EndpointPolicy", "value": { "Type": "OutBoundNAT",
        "ExceptionList": ["10.0.0.0/33", "x"], "Exception": [] } },
      { "name": "EndpointPolice", "value": {} }] }`),
    ).toEqual([
      'net.conflist:10:27: error: Cannot use policies[0].value.ExceptionList[0] "10.0.0.0/33": write a prefix length from 0 to 32 for IPv4',
      'net.conflist:10:42: error: Cannot use policies[0].value.ExceptionList[1] "x": write a CIDR, as in "10.0.0.0/8" or "fd00::/8"',
      'net.conflist:10:48: error: Cannot use policies[0].value.Exception []: unknown key; write "Exceptions" if that is meant, or remove it',
      'net.conflist:11:9: error: Cannot use policies[1].name "EndpointPolice": write "EndpointPolicy" if that is meant',
    ])
  })

  test('keys that contradict each other', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "backend": "nftables", "ipMasqBackend": "iptables",
      "nonMasqueradeCIDRs": ["10.0.0.0/8", "192.168.0.0/16"],
      "masqueradeCIDRs": ["192.168.0.0/16", "10.0.0.0/8"] }`),
    ).toEqual([
      'net.conflist:8:49: error: Cannot use backend "nftables" together with ipMasqBackend "iptables": write one of them',
      'net.conflist:10:27: error: Cannot use masqueradeCIDRs[0] "192.168.0.0/16": nonMasqueradeCIDRs has the same prefix; remove one of the two',
      'net.conflist:10:45: error: Cannot use masqueradeCIDRs[1] "10.0.0.0/8": nonMasqueradeCIDRs has the same prefix; remove one of the two',
    ])
  })

  test('keys that are there twice, in any plugin', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "ipv4": false,
      "ipv4": true, "args": { "cni": { "a": 1, "a": 2 } } }`),
    ).toEqual([
      'net.conflist:9:7: error: Cannot use the key "ipv4" twice: this object already has it at line 8, column 26, and the last one counts; keep one of the two',
      'net.conflist:9:48: error: Cannot use the key "a" twice: this object already has it at line 9, column 40, and the last one counts; keep one of the two',
    ])
  })

  test('keys that are there twice in a config of its own, by whatever name', async () => {
    const text = '{ "type": "ip-masq",\n  "ipv4": true,\n  "ipv4": false, "ipv6": 1, "ipv4": true }\n'
    for (const file of ['own.json', 'own.conf']) {
      expect(await validateFiles({ [file]: text }, { paths: [file] })).toEqual([
        `${file}:3:3: error: Cannot use the key "ipv4" twice: this object already has it at line 2, column 3, and the last one counts; keep one of the two`,
        `${file}:3:18: error: Cannot use ipv6 1: write true or false`,
        `${file}:3:29: error: Cannot use the key "ipv4" twice: this object already has it at line 2, column 3, and the last one counts; keep one of the two`,
        '1 file judged: 3 errors, 0 warnings',
      ])
    }
  })

  test('the list of a pod, where the conflist has one', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "runtimeConfig": { "nonMasqueradeCIDRs": ["10.0.0.0"] } }`),
    ).toEqual([
      'net.conflist:8:68: error: Cannot use runtimeConfig.nonMasqueradeCIDRs[0] "10.0.0.0": add the prefix length, as in "10.0.0.0/32"',
    ])
  })
})

describe('what has no effect is a warning:', () => {
  test('a prefix that is in another, or there twice', async () => {
    expect(
      await judge(`{ "type": "ip-masq",
      "nonMasqueradeCIDRs": ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8", "224.0.0.0/24", "fd00::/8"] }`),
    ).toEqual([
      'net.conflist:9:44: warning: nonMasqueradeCIDRs[1] "10.1.0.0/16" has no effect: it is a part of nonMasqueradeCIDRs[0] "10.0.0.0/8"; remove it',
      'net.conflist:9:59: warning: nonMasqueradeCIDRs[2] "10.0.0.0/8" has no effect: the list already has it, as nonMasqueradeCIDRs[0]; remove one of the two',
      'net.conflist:9:73: warning: nonMasqueradeCIDRs[3] "224.0.0.0/24" has no effect: it is a part of the built-in multicast "224.0.0.0/4"; remove it',
    ])
  })

  test('an exception to nothing, or to an exception', async () => {
    expect(
      await judge(`{ "type": "ip-masq",
      "masqueradeCIDRs": ["203.0.113.0/24", "10.1.0.0/16", "10.1.2.0/24", "10.0.0.0/8", "10.244.1.128/25"] }`),
    ).toEqual([
      'net.conflist:9:27: warning: masqueradeCIDRs[0] "203.0.113.0/24" has no effect: nothing here exempts it; remove it',
      'net.conflist:9:45: warning: masqueradeCIDRs[1] "10.1.0.0/16" has no effect: it is a part of masqueradeCIDRs[3] "10.0.0.0/8"; remove it',
      'net.conflist:9:60: warning: masqueradeCIDRs[2] "10.1.2.0/24" has no effect: it is a part of masqueradeCIDRs[1] "10.1.0.0/16"; remove it',
    ])
  })

  test('a prefix that is exempt again within an exception has an effect', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8", "10.1.2.0/24"],
      "masqueradeCIDRs": ["10.1.0.0/16"] }`),
    ).toEqual([])
  })

  test('of several Windows policies each has exceptions of its own, which are not compared', async () => {
    const policy = `{ "name": "EndpointPolicy", "value": { "Type": "OutBoundNAT", "ExceptionList": ["10.0.0.0/8", "10.1.0.0/16"] } }`
    expect(await judge(`{ "type": "ip-masq", "policies": [${policy}, ${policy}] }`)).toEqual([])
    expect(await judge(`{ "type": "ip-masq", "policies": [${policy}] }`)).toEqual([
      'net.conflist:8:133: warning: policies[0].value.ExceptionList[1] "10.1.0.0/16" has no effect: it is a part of policies[0].value.ExceptionList[0] "10.0.0.0/8"; remove it',
    ])
  })

  test('no family', async () => {
    expect(await judge(`{ "type": "ip-masq", "ipv4": false, "ipv6": false }`)).toEqual([
      'net.conflist:8:41: warning: ipv4 and ipv6 are both false, so no pod is masqueraded: remove one of them',
    ])
  })

  test('keys of a family that is off', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "ipv6": false, "masqLinkLocal": true,
      "masqLinkLocalIPv6": true,
      "snatTo": { "ipv4": "192.0.2.10", "ipv6": "2001:db8::10" } }`),
    ).toEqual([
      'net.conflist:9:7: warning: masqLinkLocalIPv6 has no effect: ipv6 is false; remove one of the two',
      'net.conflist:10:41: warning: snatTo.ipv6 has no effect: ipv6 is false; remove one of the two',
    ])
  })

  test('namespaces that are chosen and excepted, or excepted and not chosen', async () => {
    expect(
      await judge(`{ "type": "ip-masq",
      "onlyNamespaces": ["shop", "team-*", "lab-a"],
      "exceptNamespaces": ["team-b", "lab-*", "t*x"] }`),
    ).toEqual([
      'net.conflist:10:47: error: Cannot use exceptNamespaces[2] "t*x": write "*" at the end only, as in "team-*"',
    ])
    expect(
      await judge(`{ "type": "ip-masq",
      "onlyNamespaces": ["shop", "team-*", "lab-a", "x-*"],
      "exceptNamespaces": ["team-b", "lab-*", "other", "shops", "x-*"] }`),
    ).toEqual([
      'net.conflist:9:44: warning: onlyNamespaces[2] "lab-a" has no effect: exceptNamespaces[1] "lab-*" excepts it; remove one of the two',
      'net.conflist:9:53: warning: onlyNamespaces[3] "x-*" has no effect: exceptNamespaces[4] "x-*" excepts it; remove one of the two',
      'net.conflist:10:47: warning: exceptNamespaces[2] "other" has no effect: onlyNamespaces does not have it; remove it',
      'net.conflist:10:56: warning: exceptNamespaces[3] "shops" has no effect: onlyNamespaces does not have it; remove it',
    ])
  })

  test('what ADD passes over', async () => {
    expect(
      await judge(`{ "type": "ip-masq", "args": { "cni": { "nonMasqueradeCIDRs": [] } },
      "policies": [{ "name": "EndpointPolicy", "value": { "Type": "OutBoundNAT", "MaxPortPoolUsage": 9 } }] }`),
    ).toEqual([
      'net.conflist:8:5: warning: policies[0].value.MaxPortPoolUsage is ignored, because it has no counterpart on Linux',
      'net.conflist:8:5: warning: args.cni.nonMasqueradeCIDRs is ignored: write "podLists": "args" or "both" in the conflist to let pods have lists of their own there',
    ])
  })
})

test('a family that the pods have and the list has not', async () => {
  const text = conflistWith('{ "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8"] }').replace(
    '"subnet": "10.244.1.0/24"',
    '"ranges": [[{ "subnet": "10.244.1.0/24" }], [{ "subnet": "fd00:1::/64" }]]',
  )
  expect(await validateConflist(text)).toEqual([
    'net.conflist:8:26: warning: nonMasqueradeCIDRs has no IPv6 entry: only the built-in IPv6 exemptions apply',
    '1 file judged: 0 errors, 1 warning',
  ])
})

test('our part alone, as install --config takes it', async () => {
  const { validateFiles } = await import('../../lab/validation')
  const files = { 'mine.json': '{\n  "flannelSubnetFile": false,\n  "nonMasqueradeCIDRs": ["10/8"]\n}\n' }
  expect(await validateFiles(files, { paths: ['mine.json'] })).toEqual([
    'mine.json:3:26: error: Cannot use nonMasqueradeCIDRs[0] "10/8": write all four octets, as in "10.0.0.0/8"',
    '1 file judged: 1 error, 0 warnings',
  ])
})
