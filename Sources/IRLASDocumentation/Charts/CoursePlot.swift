/// The mean course of strategies over the trials of a search, as an SVG file.
package struct CoursePlot: Sendable {
  /// One strategy.
  package struct Course: Sendable {
    package var name: String
    /// Courses of one colour belong together.
    package var colour: Int
    /// Whether it is the plain one of those that belong together.
    package var isDashed: Bool
    /// The share of images classified rightly by what is best after each trial.
    package var accuracies: [Double]

    package init(name: String, colour: Int, isDashed: Bool, accuracies: [Double]) {
      self.name = name
      self.colour = colour
      self.isDashed = isDashed
      self.accuracies = accuracies
    }
  }

  private let courses: [Course]

  package init(_ courses: [Course]) { self.courses = courses }

  /// The file.
  package var text: String {
    Chart(
      title: "best so far",
      x: AxisScale("trials", .number, [0, Double(courses.map(\.accuracies.count).max() ?? 1)]),
      y: AxisScale("test accuracy of the best so far", .share, courses.flatMap(\.accuracies)),
      series: courses.map { course in
        Chart.Series(
          name: course.name, form: course.isDashed ? .dashes : .line, colour: course.colour,
          points: course.accuracies.enumerated().map { Chart.Point(x: Double($0 + 1), y: $1) })
      }
    ).file
  }
}
