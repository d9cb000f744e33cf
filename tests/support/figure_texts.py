"""What is written on a figure, and how small it may be."""

README_WIDTH, LEAST_TEXT = 830, 11  # pixels


def texts(figure):
    """All that is written on a figure, but for the numbers of ticks beyond the axes."""
    figure.draw_without_rendering()
    axes = [axis for each in figure.axes for axis in (each.xaxis, each.yaxis)]
    ticks = [(tick, sorted(axis.get_view_interval())) for axis in axes for tick in axis.majorTicks]
    beyond = {tick.label1 for tick, (low, high) in ticks if not low <= tick.get_loc() <= high}
    return [
        text
        for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))
        if text.get_text() and text.get_visible() and text not in beyond
    ]


def written(figure):
    return {text.get_text() for text in texts(figure)}
