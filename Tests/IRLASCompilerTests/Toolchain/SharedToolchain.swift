import Foundation
import IRLASCompiler

/// One kernel cache for all tests and runs: what one has compiled the next one finds. It is named by content, so
/// an old entry is never a wrong one.
enum SharedToolchain {
  static let searchPath = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")
    .split(separator: ":").map(String.init)

  static let options = ToolchainOptions(
    compiler: CompilerSettings(searchPath: searchPath),
    cacheDirectory: FileManager.default.currentDirectoryPath + "/.build/test-kernels",
    parallelism: ProcessInfo.processInfo.activeProcessorCount)
}
