import IRLASDSL
import IRLASJSON

extension LanguageServer {
  /// The edits that bring a text into the one style of the formatter; only the lines that change.
  func formatting(_ document: OpenDocument) throws(RequestFailure) -> JSON {
    let source = document.analysis.source
    do throws(FormatError) {
      return textEdits(try formattingEdits(source), in: source)
    } catch {
      let place =
        error.diagnostics.first.map { " (line \(source.location(at: Int($0.span.lower)).line))" } ?? ""
      throw RequestFailure(.requestFailed, "a text with mistakes in its grammar is not formatted\(place)")
    }
  }
}
