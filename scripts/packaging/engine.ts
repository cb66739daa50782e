import { sourceOf, type Upstream } from './upstream-source'

/** QuickJS, as Debian 13 has it. */
export const ENGINE_VERSION = '2025-04-26'

const QUICKJS: Upstream = {
  name: `quickjs-${ENGINE_VERSION}`,
  path: 'pool/main/q/quickjs/quickjs_2025.04.26.orig.tar.xz',
  sha256: 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe',
  corrections: [
    {
      // A BigInt with the upper bit of a limb set, such as fe80::, has an empty limb above it. How many leading zeros that has
      // is undefined to the C compiler, and `toString(16)` began with a 0.
      file: 'quickjs.c',
      wrong: 'n_bits = r->len * JS_LIMB_BITS - js_limb_clz(r->tab[r->len - 1]);',
      right:
        'n_bits = r->len * JS_LIMB_BITS - (r->tab[r->len - 1] ? js_limb_clz(r->tab[r->len - 1]) : JS_LIMB_BITS);',
    },
  ],
}

export const ENGINE_FILES = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'dtoa.c']

export function engineSource(): Promise<string> {
  return sourceOf(QUICKJS)
}
