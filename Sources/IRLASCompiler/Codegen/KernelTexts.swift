/// The kernel library's text and what generated code says around it.
struct KernelTexts {
  private let parts: [String]

  init() {
    var parts: [String] = []
    while let part = KernelText.part(parts.count) { parts.append(part) }
    self.parts = parts
  }

  /// The parts of the library that a kernel needs, in order.
  func shared(for kernel: Kernel) -> [KernelCache.SharedText] {
    kernel.textParts.map { KernelCache.SharedText(order: $0, text: parts[$0]) }
  }

  /// What the kernel cache compiles for an instance.
  func source(of instance: KernelInstance) -> KernelCache.Source {
    KernelCache.Source(
      symbol: instance.symbol, shared: shared(for: instance.kernel), text: instance.definition)
  }
}

extension KernelInstance {
  /// The name of the generated function: the kernel and a hash of the sizes.
  package var symbol: String {
    let sizes = self.sizes.fields.map { "\($0.name)=\($0.value.cLiteral)" }
    return "\(kernel.name)_\(ContentHash(of: [kernel.name] + sizes).hex(12))"
  }

  /// The generated function with its constant sizes, for the C compiler to specialise.
  package var definition: String {
    """
    static const struct \(kernel.structure) \(symbol)_sizes = {
      \(initializer)
    };
    void \(symbol)(const void *unused, float *const *operands, float *scratch, int task) {
      (void)unused;
      irlas_\(kernel.name)(&\(symbol)_sizes, operands, scratch, task);
    }
    """
  }

  /// The members of the sizes, wrapped at 100 columns.
  private var initializer: String {
    var lines: [String] = []
    var line = ""
    for field in sizes.fields {
      let member = ".\(field.name) = \(field.value.cLiteral),"
      if !line.isEmpty && line.utf8.count + member.utf8.count > 96 {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + member
    }
    return (lines + [line]).joined(separator: "\n  ")
  }
}

extension KernelSizes.Field.Value {
  /// A C literal of exactly this value.
  var cLiteral: String {
    switch self {
    case .integer(let value): return "\(value)"
    case .real(let value):
      guard value.isFinite else {
        return value.isNaN ? "__builtin_nanf(\"\")" : value > 0 ? "__builtin_inff()" : "-__builtin_inff()"
      }
      // Swift prints the shortest decimal that reads back as the same float.
      return "\(value)f"
    }
  }
}
