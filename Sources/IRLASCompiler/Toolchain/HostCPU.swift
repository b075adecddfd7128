/// What the machine's processor is and can do: part of the key of compiled kernels and of every checkpoint's
/// plan.
package struct HostCPU: Hashable, Sendable {
  package let modelName: String
  /// Instruction-set features, sorted.
  package let features: [String]

  package init(modelName: String, features: [String]) {
    self.modelName = modelName
    self.features = features.sorted()
  }

  /// Reads the text of `/proc/cpuinfo`: the first processor's `model name` and `flags` (x86), or its
  /// implementer and part numbers and `Features` (ARM).
  package init(cpuinfo: String) {
    var fields: [String: String] = [:]
    for line in cpuinfo.split(separator: "\n", omittingEmptySubsequences: false) {
      // A blank line ends the first processor.
      if line.isEmpty && !fields.isEmpty { break }
      guard let colon = line.firstIndex(of: ":") else { continue }
      let key = Self.trimmed(line[..<colon])
      if fields[key] == nil { fields[key] = Self.trimmed(line[line.index(after: colon)...]) }
    }
    let part = "\(fields["CPU implementer"] ?? "unknown") \(fields["CPU part"] ?? "processor")"
    self.init(
      modelName: fields["model name"] ?? part,
      features: (fields["flags"] ?? fields["Features"] ?? "").split(separator: " ").map(String.init))
  }

  /// The processor this program runs on.
  package static func current() -> HostCPU {
    HostCPU(cpuinfo: (try? FileAccess.readText("/proc/cpuinfo")) ?? "")
  }

  package func has(_ feature: String) -> Bool { features.contains(feature) }

  /// The name of the OpenBLAS kernels for this processor, which Debian's version cannot always find out by
  /// itself; nil leaves the choice to OpenBLAS.
  package var openBLASCore: String? {
    if has("avx512f") && has("avx512dq") && has("avx512bw") && has("avx512vl") { return "SKYLAKEX" }
    if has("avx2") && has("fma") { return "HASWELL" }
    return nil
  }

  /// Model and a short hash of the features: enough to tell plans apart, short enough to read.
  package var identity: String { "\(modelName) \(ContentHash(of: features).hex(8))" }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }
}
