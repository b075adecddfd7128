import Glibc

/// The C function of a kernel: `void k(const void *dims, float *const *operands, float *scratch, int task)`.
package typealias KernelFunction =
  @convention(c) (
    UnsafeRawPointer?, UnsafePointer<UnsafeMutablePointer<Float>?>?, UnsafeMutablePointer<Float>?, Int32
  ) -> Void

/// A shared object of compiled kernels, loaded for as long as this owner lives.
package final class LoadedLibrary: @unchecked Sendable {
  // Unchecked: the handle is written once, and `dlsym` and `dlclose` are thread-safe.
  private let handle: UnsafeMutableRawPointer
  package let path: String

  /// Loads the file. `dlopen` knows libraries by path, so a path must never be reused for other content.
  package init(path: String) throws(ToolchainError) {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw .loadFailed(path: path, message: dlerror().map { String(cString: $0) } ?? "unknown reason")
    }
    self.handle = handle
    self.path = path
  }

  deinit { dlclose(handle) }

  /// The kernel with this name; valid while the library lives.
  package func kernel(_ symbol: String) throws(ToolchainError) -> KernelFunction {
    guard let address = dlsym(handle, symbol) else {
      throw .loadFailed(path: path, message: "it lacks \(symbol)")
    }
    return unsafeBitCast(address, to: KernelFunction.self)
  }
}
