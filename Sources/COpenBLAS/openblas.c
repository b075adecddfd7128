#include "COpenBLAS.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdlib.h>

irlas_sgemm_fn irlas_openblas_sgemm(const char *core_type) {
  if (core_type) setenv("OPENBLAS_CORETYPE", core_type, 0);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) return NULL;
  void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  if (set_threads) set_threads(1);
  return (irlas_sgemm_fn)dlsym(library, "cblas_sgemm");
}
_Static_assert(CblasRowMajor == 101 && CblasNoTrans == 111 && CblasTrans == 112,
               "the Swift side passes these values");
