package import IRLASCompiler

/// The measurements of kernels on this machine, kept beside the compiled kernels: one file for each processor and compiler.
package struct TimingFile {
  private let path: String

  /// The file of this processor and of what makes the kernels (`KernelSet.origin`).
  package init(cacheDirectory: String, origin: String) {
    let identity = ContentHash(of: [HostCPU.current().identity, origin]).hex(16)
    path = FileBytes.join(cacheDirectory, "timings-\(identity)")
  }

  /// The file of the kernels that these settings make.
  package init(_ settings: EngineSettings) throws(TrainingError) {
    self.init(cacheDirectory: settings.toolchain.cacheDirectory, origin: try settings.kernelOrigin())
  }

  /// What was measured; nothing where there is no file.
  package func read() throws(TrainingError) -> KernelTimings {
    guard FileBytes.exists(path) else { return KernelTimings() }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(path)
    } catch {
      throw .file(error)
    }
    do throws(KernelTimings.Issue) {
      return try KernelTimings(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .engine("\(path): \(error)\nhelp: remove it; `irlas tune` measures again")
    }
  }

  /// Adds measurements to those in the file.
  ///
  /// - Returns: how many kernels were not known.
  package func add(_ entries: [KernelTimings.Entry]) throws(TrainingError) -> Int {
    var timings = try read()
    let new = timings.record(entries)
    do throws(FileError) {
      try FileBytes.createFolder(FileBytes.folder(of: path))
      try AtomicFile.write(Array(timings.text.utf8), to: path)
    } catch {
      throw .file(error)
    }
    return new
  }
}

extension EngineSettings {
  /// The same, kernels being chosen by what was measured with as many threads.
  package func withTimings() throws(TrainingError) -> EngineSettings {
    var settings = self
    settings.tuned = TunedKernels(try TimingFile(self).read(), threads: threads)
    return settings
  }
}
