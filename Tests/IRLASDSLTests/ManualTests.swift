import Foundation
import Testing

@testable import IRLASDSL

/// The manual says what the program does.
@Suite struct ManualTests {
  private static var manual: String {
    get throws {
      try String(
        contentsOf: Samples.folder.deletingLastPathComponent().appendingPathComponent("docs/language.md"),
        encoding: .utf8)
    }
  }

  /// The table of primitives is made from the one the elaborator uses.
  @Test func primitives() throws {
    let text = try Self.manual
    let (start, end) = ("<!-- primitives -->\n", "\n<!-- end of primitives -->")
    let from = try #require(text.range(of: start))
    let to = try #require(text.range(of: end, range: from.upperBound..<text.endIndex))
    #expect(text[from.upperBound..<to.lowerBound] == Primitive.manualTable)
  }

  /// Every function on numbers and every word of a recipe is in the manual.
  @Test func words() throws {
    let text = try Self.manual
    var words = NumericFunction.allCases.map(\.rawValue) + Metric.allCases.map(\.rawValue)
    words += RecipeForm.fields.map(\.name)
    for forms in [
      RecipeForm.sources, RecipeForm.augmentations, RecipeForm.losses, RecipeForm.optimizers,
      RecipeForm.schedules,
    ] {
      words += forms.map(\.name)
    }
    for word in words { #expect(text.contains(word), "\(word)") }
  }
}
