/** What to look at when a module does not start, and no source of it has chosen the ABI. */
export const ABI_UNCHOSEN =
  'its sources choose no ABI, so it was started as one of the ABI table: if its init has three parameters, write ' +
  '"#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020" before #include <mesibo/module.h>';
