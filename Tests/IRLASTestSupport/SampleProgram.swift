/// A program that the language has to write naturally.
package struct SampleProgram: Sendable, CustomStringConvertible {
  /// What it describes.
  package let name: String
  /// Its text.
  package let text: String

  /// A program under a name.
  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }

  /// The name, for test reports.
  package var description: String { name }
}

/// All sample programs.
package var samplePrograms: [SampleProgram] { networkPrograms + spacePrograms }
