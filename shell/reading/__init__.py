"""From events to what is shown: frames, ladders, streams, plots, and the words for them."""
