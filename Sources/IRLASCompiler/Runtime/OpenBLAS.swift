private import COpenBLAS

/// OpenBLAS, loaded when first asked for: matrix products for processors that the prebuilt kernels have no
/// vector code for. This file is the library's only importer.
package enum OpenBLAS {
  /// Whether kernels can use its product. The first question loads the library, with the kernels that fit this
  /// processor, and hands its product over.
  package static let isAvailable: Bool = {
    let product: irlas_sgemm_fn?
    if let core = HostCPU.current().openBLASCore {
      product = core.withCString { irlas_openblas_sgemm($0) }
    } else {
      product = irlas_openblas_sgemm(nil)
    }
    guard let product else { return false }
    KernelProduct.install(product)
    return true
  }()
}
