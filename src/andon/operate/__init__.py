"""The one path for every question and every act; pages, API, command line and notebooks all come through here."""
