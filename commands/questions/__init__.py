"""Questions that members ask each other, looked after until they are answered."""
