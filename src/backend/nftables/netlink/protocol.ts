/** nf_tables over netlink: message types and attributes of linux/netfilter/nf_tables.h that we send or read. */

/** enum nf_tables_msg_types, `NFT_MSG_...` */
export const MESSAGES = {
  newTable: 0,
  getTable: 1,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  deleteChain: 5,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newSet: 9,
  getSet: 10,
  deleteSet: 11,
  newSetElement: 12,
  getSetElement: 13,
  deleteSetElement: 14,
  getGeneration: 16,
} as const

/** NFTA_GEN_ID */
export const GENERATION_ID = 1

/** NFPROTO_INET: the family of our table. */
export const INET = 1
/** NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6 */
export const NFPROTO = { inet: INET, ip: 2, ip6: 10 } as const

/** NFTA_TABLE_NAME, NFTA_TABLE_FLAGS */
export const TABLE = { name: 1, flags: 2 } as const
/** NFT_TABLE_F_DORMANT */
export const DORMANT = 1

/** NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE */
export const CHAIN = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const
/** NFTA_HOOK_HOOKNUM, NFTA_HOOK_PRIORITY */
export const HOOK = { number: 1, priority: 2 } as const
/** NF_INET_POST_ROUTING; NF_IP_PRI_NAT_SRC (100) - 1; NF_ACCEPT */
export const POSTROUTING = { hook: 4, priority: 99, accept: 1 } as const

/** NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS */
export const RULE = { table: 1, chain: 2, expressions: 4 } as const

export const SET = {
  /** NFTA_SET_TABLE */
  table: 1,
  /** NFTA_SET_NAME */
  name: 2,
  /** NFTA_SET_FLAGS */
  flags: 3,
  /** NFTA_SET_KEY_TYPE */
  keyType: 4,
  /** NFTA_SET_KEY_LEN */
  keyLength: 5,
  /** NFTA_SET_DATA_TYPE */
  dataType: 6,
  /** NFTA_SET_DATA_LEN */
  dataLength: 7,
  /** NFTA_SET_ID */
  id: 10,
  /** NFTA_SET_TIMEOUT: the timeout of elements that have none of their own. */
  timeout: 11,
  /** NFTA_SET_USERDATA */
  userdata: 13,
} as const
/** NFT_SET_INTERVAL, NFT_SET_MAP, NFT_SET_TIMEOUT */
export const SET_FLAGS = { interval: 0x4, map: 0x8, timeout: 0x10 } as const

/** The numbers of nft's own types, which the kernel keeps and does not read (TYPE_IPADDR, TYPE_IP6ADDR); NFT_DATA_VERDICT */
export const TYPES = { ip: 7, ip6: 8, verdict: 0xffffff00 } as const

/**
 * What nft stores with a set for its own listings, as type, length and value in the machine's byte order:
 * NFTNL_UDATA_SET_KEYBYTEORDER and _DATABYTEORDER (2: network byte order), NFTNL_UDATA_SET_DATA_INTERVAL (0).
 */
export const SET_USERDATA = {
  set: [0, 4, 2, 0, 0, 0],
  map: [0, 4, 2, 0, 0, 0, 1, 4, 2, 0, 0, 0, 6, 4, 0, 0, 0, 0],
  verdictMap: [0, 4, 2, 0, 0, 0, 1, 4, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0],
} as const

/** NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, NFTA_SET_ELEM_LIST_ELEMENTS */
export const ELEMENTS = { table: 1, set: 2, elements: 3 } as const
/** NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_DATA, NFTA_SET_ELEM_FLAGS, NFTA_SET_ELEM_TIMEOUT, NFTA_SET_ELEM_USERDATA */
export const ELEMENT = { key: 1, data: 2, flags: 3, timeout: 4, userdata: 6 } as const
/** NFT_SET_ELEM_INTERVAL_END */
export const INTERVAL_END = 1
/** NFTNL_UDATA_SET_ELEM_COMMENT; a value ends with a zero, and its length counts that. */
export const COMMENT = 0
/** NFTNL_UDATA_SET_ELEM_FLAGS: 1, an interval to the end of the address space. */
export const OPEN_INTERVAL = [1, 4, 1, 0, 0, 0] as const
