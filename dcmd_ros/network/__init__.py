"""The torch modules: backbone, teachers, students, fusion."""
