"""The pictures: one file a picture, all in the look of `style`."""
